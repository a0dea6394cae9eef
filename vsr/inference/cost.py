"""What super-resolving costs: time and memory."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from types import TracebackType
from typing import Generic, TypeVar

import psutil
import torch
from torch import Tensor

from vsr.inference.device import peak_memory

SR = TypeVar("SR")


@dataclass(frozen=True)
class Cost:
    """Of one clip, of ``size`` (width, height) at low resolution.

    ``memory`` in bytes is the most that was held while it was super-resolved: by the whole process or, on CUDA, by
    its tensors there.
    """

    frames: int
    size: tuple[int, int]
    seconds: float
    memory: int

    @property
    def seconds_per_frame(self) -> float:
        """Of the frames that the generator was given, those mirrored included."""
        return self.seconds / self.frames


class Measured(Generic[SR]):
    """A generator that takes down what each call cost, in ``costs``.

    Args:
        generator: LR (1, T, 3, h, w) to SR.
    """

    def __init__(self, generator: Callable[[Tensor], SR]) -> None:
        self.generator = generator
        self.costs: list[Cost] = []

    def __call__(self, lr: Tensor) -> SR:
        """As the generator."""
        with PeakMemory(lr.device) as memory:
            begun = time.perf_counter()
            sr = self.generator(lr)
            _wait_for(lr.device)
            seconds = time.perf_counter() - begun
        self.costs.append(Cost(lr.shape[1], (lr.shape[4], lr.shape[3]), seconds, memory.bytes))
        return sr


def summary(costs: Sequence[Cost], device: torch.device) -> dict[str, float | int | str]:
    """For ``results.json``: of several clips the median time, which the first one's warming up does not move."""
    return {
        "seconds_per_frame": median(cost.seconds_per_frame for cost in costs),
        "peak_memory_bytes": max(cost.memory for cost in costs),
        "device": describe(device),
    }


def describe(device: torch.device) -> str:
    """Name of the hardware."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{device.type} ({platform.machine()}, {threads} thread{'s' if threads > 1 else ''})"


class PeakMemory:
    """Within: watches; after: ``bytes`` held at most, by tensors on a CUDA device, by the process elsewhere."""

    bytes = 0

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> PeakMemory:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            return self
        # The system counts the most that was ever held, which may have been long before.
        self._process, self._done = psutil.Process(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self.device.type == "cuda":
            self.bytes = peak_memory(self.device)
            return
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, self._process.memory_info().rss)
            if self._done.wait(0.005):
                self.bytes = max(self.bytes, self._process.memory_info().rss)
                return


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
