"""Seeding of all global random generators at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_all(*key: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, of all devices, from ``key``, numbers of at least 0."""
    torch.manual_seed(_seed_host(key))


@contextmanager
def drawing_from(*key: int) -> Iterator[None]:
    """Within, the global generators of Python, NumPy and PyTorch's CPU draw from ``key``, numbers of at least 0;
    afterwards they are as they were. Those of devices are left alone."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        # Not `torch.manual_seed`, which would seed the devices too.
        torch.default_generator.manual_seed(_seed_host(key))
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


def _seed_host(key: tuple[int, ...]) -> int:
    """Seed Python and NumPy; the seed for PyTorch."""
    # With its length, or a key would be that of a longer one that ends in zeros.
    seeds = np.random.SeedSequence((len(key), *key)).generate_state(3, np.uint64)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]) % 2**32)
    return int(seeds[2])
