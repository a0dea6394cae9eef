"""The most memory that something takes beyond what stands before it."""

from __future__ import annotations

import threading
from typing import Any

import psutil
import torch


class PeakMemory:
    """Within: watches; after: ``mebibytes`` of the process beyond those before, on a GPU of its tensors there."""

    mebibytes = 0.0

    def __enter__(self) -> PeakMemory:
        self._process, self._done = psutil.Process(), threading.Event()
        self._before = self._peak = self._process.memory_info().rss
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._done.set()
        self._watcher.join()
        if torch.cuda.is_available():
            self._peak = torch.cuda.max_memory_allocated()
        self.mebibytes = (self._peak - self._before) / 2**20

    def _watch(self) -> None:
        while not self._done.wait(0.001):
            self._peak = max(self._peak, self._process.memory_info().rss)
