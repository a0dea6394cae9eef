"""Times whole steps of a Lightning run, and other work in turn with them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch.autograd import DeviceType

OURS = "a step"


class Turns(Callback):
    """After every ``steps`` steps of the run the others work, ``steps`` times each, the run's clock standing still.

    A step of the run is all that happens from the end of one batch to the end of the next: reading the data, sending
    it, the training step, the other callbacks, logging.

    Args:
        others: what takes turns with the run.
        steps: a turn; more than one where the device lags behind, since it is waited for after every turn.
        warm_up: first turns that do not count.
        profile: trace the last turn of the run, for `idle_share`; that one does not count either.
    """

    def __init__(
        self, others: Mapping[str, Callable[[], Any]], steps: int = 1, warm_up: int = 1, profile: bool = False
    ) -> None:
        self.others, self.steps, self.warm_up = others, steps, warm_up
        self.profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) if profile else None
        self._taken: dict[str, list[float]] = {name: [] for name in (OURS, *others)}
        self._start = 0.0

    @property
    def seconds(self) -> dict[str, float]:
        """Median of one step of each, the run's being `OURS`."""
        return {name: statistics.median(taken[self.warm_up :]) for name, taken in self._taken.items()}

    def on_train_start(self, *_: Any) -> None:
        """Start the clock."""
        self._start = now()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """At the end of a turn: take its time, then let the others work."""
        if (batch_idx + 1) % self.steps:
            return
        turn, turns = (batch_idx + 1) // self.steps, int(trainer.num_training_batches) // self.steps
        end = now()
        if self.profiler and turn == turns:
            self.profiler.stop()
            return
        self._taken[OURS].append((end - self._start) / self.steps)
        for name, work in self.others.items():
            start = now()
            for _ in range(self.steps):
                work()
            self._taken[name].append((now() - start) / self.steps)
        if self.profiler and turn == turns - 1:
            self.profiler.start()
        self._start = now()


def now() -> float:
    """Seconds, once the device has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def idle_share(profiler: torch.profiler.profile) -> float:
    """Share of the time from the first kernel to the last in which the GPU ran none."""
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in profiler.events() or ()
        if event.device_type == DeviceType.CUDA
    )
    first, end = spans[0]
    idle = 0.0
    for start, stop in spans[1:]:
        idle += max(0.0, start - end)
        end = max(end, stop)
    return idle / (end - first)
