"""Seeding of all global random generators at once."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_all(*key: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, of all devices, from ``key``, numbers of at least 0."""
    seeds = np.random.SeedSequence(key).generate_state(3, np.uint64)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]) % 2**32)
    torch.manual_seed(int(seeds[2]))
