"""Keeps validations short."""

from __future__ import annotations

import logging
import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch.utils.data import Subset

from vsr.errors import UserError
from vsr.training.scored import ScoredModule

log = logging.getLogger(__name__)


class ValidationTime(Callback):
    """Lets a validation score whole clips until a time is up, at least one on each device.

    The first validation that runs out of time settles how many clips are scored, for the rest of the run and for one
    that resumes it: which validation is the best can only be told from scores of the same clips.

    Args:
        seconds: of one validation; None: all clips are scored.

    Raises:
        UserError: a time that is not above 0.
    """

    def __init__(self, seconds: float | None = None) -> None:
        if seconds is not None and seconds <= 0:
            raise UserError(f"callbacks.validation_time.seconds={seconds} must be above 0; null for no limit")
        self.seconds = seconds
        self._most_clips: int | None = None
        self._start = 0.0

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        assert isinstance(pl_module, ScoredModule)
        pl_module.most_clips = self._most_clips
        self._start = time.perf_counter()

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Settle the number of clips when the time is up on any device.

        The rest of the steps of this validation take place, empty: each of them is a collective in a distributed run.
        """
        if self.seconds is None or self._most_clips is not None:
            return
        assert isinstance(pl_module, ScoredModule)
        is_up = time.perf_counter() - self._start > self.seconds
        total = trainer.num_val_batches[0]
        if trainer.strategy.reduce_boolean_decision(is_up, all=False) and batch_idx + 1 < total:
            self._most_clips = pl_module.most_clips = batch_idx + 1
            log.warning(
                f"{self.seconds:g} s of validation are up: from now on {batch_idx + 1} of {total} clips are scored "
                "on each device; callbacks.validation_time.seconds=null scores all"
            )

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Let the loader no longer read what is not scored."""
        loader: Any = trainer.val_dataloaders
        if self._most_clips is not None and isinstance(loader.dataset, Subset):
            loader.dataset.indices = loader.dataset.indices[: self._most_clips]

    def state_dict(self) -> dict[str, Any]:
        """How many clips are scored, and in what time."""
        return {"seconds": self.seconds, "most_clips": self._most_clips}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Score as many, unless another time is set now."""
        if state_dict["seconds"] == self.seconds:
            self._most_clips = state_dict["most_clips"]
