"""Random numbers that a run draws on the device: the same in a run that was cut off as in one that was not."""

from __future__ import annotations

import random
import zlib
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

TRAINING, VALIDATION = 0, 1


class Draws(Callback):
    """Seeds Python, NumPy and PyTorch before each step from (seed, generator step, rank), as training items are drawn
    from (seed, index).

    So a run that goes on draws what it would have drawn, on every rank and however often it validated meanwhile; one
    stored state would be that of the first rank, and shift with every validation. Before a validation clip the seed
    comes from the clip's name alone: every validation of every run scores the same draw.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Seed the step that comes."""
        steps: int = pl_module.generator_steps  # type: ignore[assignment]  # VideoSuperResolution counts them
        seed_all(TRAINING, self.seed, steps, trainer.global_rank)

    def on_validation_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, *_: Any) -> None:
        """Seed the clip that comes."""
        seed_all(VALIDATION, zlib.crc32(batch["name"].encode()))


def seed_all(*key: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, of all devices, from ``key``, numbers of at least 0."""
    seeds = np.random.SeedSequence(key).generate_state(3, np.uint64)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]) % 2**32)
    torch.manual_seed(int(seeds[2]))
