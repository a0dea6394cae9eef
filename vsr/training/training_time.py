"""How long a run has trained."""

from __future__ import annotations

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback


class TrainingTime(Callback):
    """Wall time of the steps so far, with what is read and saved between two of them; resumes added up.

    A validation does not count, and neither does the save right before it. Every checkpoint holds the time as
    ``training_seconds``.

    Args:
        before: seconds that the run had trained when it was cut off.
    """

    def __init__(self, before: float = 0.0) -> None:
        self.seconds = before
        self._since = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count from now."""
        self._since = time.perf_counter()

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Add a step."""
        now = time.perf_counter()
        self.seconds, self._since = self.seconds + now - self._since, now

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count on from now: how often a run is scored is no cost of its weights."""
        self._since = time.perf_counter()

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Write it down."""
        checkpoint["training_seconds"] = self.seconds
