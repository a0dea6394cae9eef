"""How fast a run is, what it waits for, and how much memory it takes."""

from __future__ import annotations

import resource
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

GIB = 2**30


@dataclass(frozen=True)
class Step:
    """One generator step: seconds from the end of the one before it, those of them spent waiting for its batch, and
    the clips it saw on all devices."""

    seconds: float
    data_seconds: float
    clips: int


class Speed(Callback):
    """Measures steps and validations; logs the means since the last log step.

    Logged as ``train/step_seconds``, ``train/data_seconds``, ``train/clips_per_second`` and ``train/memory_gib``.
    The device is never waited for: it may lag behind one step's clock, but not behind the mean of many.
    """

    def __init__(self) -> None:
        self.validation_seconds = 0.0
        self._steps: deque[Step] = deque(maxlen=1)
        self._last_end = self._ready = self._batch_start = self._validation_start = 0.0

    @property
    def recent(self) -> Step:
        """The mean step since the last log step."""
        steps = self._steps or [Step(0.0, 0.0, 0)]
        n = len(steps)
        return Step(
            sum(step.seconds for step in steps) / n,
            sum(step.data_seconds for step in steps) / n,
            round(sum(step.clips for step in steps) / n),
        )

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._steps = deque(maxlen=int(trainer.log_every_n_steps))  # type: ignore[attr-defined]
        self._last_end = self._ready = time.perf_counter()

    def on_train_batch_start(self, *_: Any) -> None:
        """The batch is there."""
        self._batch_start = time.perf_counter()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: dict[str, Any], batch_idx: int
    ) -> None:
        """Take the time, and log where loggers listen."""
        now = time.perf_counter()
        clips = len(batch["hr"]) * trainer.world_size
        self._steps.append(Step(now - self._last_end, self._batch_start - self._ready, clips))
        self._last_end = now
        self.ready()
        if is_logged(trainer, pl_module):
            recent = self.recent
            pl_module.log_dict(
                {
                    "train/step_seconds": recent.seconds,
                    "train/data_seconds": recent.data_seconds,
                    "train/clips_per_second": recent.clips / recent.seconds,
                    "train/memory_gib": peak_memory(pl_module.device) / GIB,
                }
            )

    def on_validation_start(self, *_: Any) -> None:
        """Start the validation's own clock."""
        self._validation_start = time.perf_counter()

    def on_validation_end(self, *_: Any) -> None:
        """The next step's clock starts here."""
        self._last_end = time.perf_counter()
        self.ready()
        self.validation_seconds = self._last_end - self._validation_start

    def ready(self) -> None:
        """From here on the next batch is waited for: what other callbacks did, such as saving, is done."""
        self._ready = time.perf_counter()

    def seconds_left(self, trainer: L.Trainer, step: int) -> float:
        """Until the end of the run, after ``step`` generator steps: the steps and the validations still to come."""
        total, every = int(trainer.num_training_batches), int(trainer.val_check_batch or 1)
        return (total - step) * self.recent.seconds + (total // every - step // every) * self.validation_seconds


def is_logged(trainer: L.Trainer, pl_module: L.LightningModule) -> bool:
    """Whether loggers take down the generator step that has just been made."""
    steps: int = pl_module.generator_steps  # type: ignore[assignment]  # ScoredModule counts them
    return steps % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that tensors ever took on a CUDA device, the most that the process ever took otherwise."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts KiB, except there
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
