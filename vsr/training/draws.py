"""Random numbers that a run draws on the device: the same in a run that was cut off as in one that was not."""

from __future__ import annotations

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from vsr.seeds import seed_all


class Draws(Callback):
    """Seeds Python, NumPy and PyTorch before each step from (seed, generator step, rank), as training items are drawn
    from (seed, index).

    So a run that goes on draws what it would have drawn, on every rank and however often it validated meanwhile; one
    stored state would be that of the first rank, and shift with every validation.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Seed the step that comes."""
        steps: int = pl_module.generator_steps  # type: ignore[assignment]  # VideoSuperResolution counts them
        seed_all(self.seed, steps, trainer.global_rank)
