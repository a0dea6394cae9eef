"""A process that reads training items when it is told to, as a worker of a loader does."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path

import cv2
import psutil
import torch
from data_storage import Kind

from vsr.data import ClipSampler, TrainingClips
from vsr.heap import keep_freed_memory

FRAMES, CROP, SCALE = 15, 256, 4


class ReadingProcess:
    """Reads the items 0, 1, 2, … of one kind of storage.

    Args:
        context: starts the process.
        kind: of storage.
        folder: where it is.
    """

    def __init__(self, context: BaseContext, kind: Kind, folder: Path) -> None:
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(kind, folder, other), daemon=True)  # type: ignore[attr-defined]
        self._process.start()
        other.close()
        self.items = 0

    def read_for(self, seconds: float) -> float:
        """Items a second, over the next ``seconds`` and at least one item."""
        items, taken, _ = self._ask(10**9, seconds)
        return items / taken

    def read_until(self, items: int, patience: float) -> float:
        """Resident memory in MB once it has read ``items`` in all, or for ``patience`` seconds."""
        return self._ask(max(0, items - self.items), patience)[2] / 1e6

    def end(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._process.join()

    def _ask(self, most: int, seconds: float) -> tuple[int, float, int]:
        self._connection.send((most, seconds))
        try:
            items, taken, memory = self._connection.recv()
        except EOFError as error:
            raise RuntimeError("the reading process has died; it has said why above") from error
        self.items += items
        return items, taken, memory


def _serve(kind: Kind, folder: Path, connection: Connection) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    keep_freed_memory()
    clips = kind.open(kind.path(folder))
    dataset = TrainingClips(clips, ClipSampler(clips, FRAMES, CROP, seed=0), SCALE)
    index = 0
    while True:
        most, seconds = connection.recv()
        before, start = index, time.perf_counter()
        while index < before + most and (index == before or time.perf_counter() - start < seconds):
            assert dataset[index]["hr"].shape == (FRAMES, 3, CROP, CROP)
            index += 1
        connection.send((index - before, time.perf_counter() - start, psutil.Process().memory_info().rss))
