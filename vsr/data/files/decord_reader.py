"""Frames of a video by number, decoded by decord."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vsr.data.clip import Window
from vsr.data.files.video_facts import DecodeError, VideoFacts

CHUNK = 64 * 2**20  # bytes decoded at once: decord gives whole frames, however small the window


class DecordReader:
    """Opens the file with one thread.

    Args:
        path: the file.
        facts: of the file.

    Raises:
        DecodeError: decord is not installed, cannot open the file, or finds another number of frames.
    """

    def __init__(self, path: Path, facts: VideoFacts) -> None:
        try:
            import decord  # here: it loads an FFmpeg of its own, for which only processes that decode should pay
        except (ImportError, OSError) as error:
            raise DecodeError("decord is not installed") from error
        decord.logging.set_level(decord.logging.QUIET)
        self._errors = (RuntimeError, decord.DECORDError)
        try:
            self._reader: Any = decord.VideoReader(str(path), num_threads=1)  # the workers are the parallelism
        except self._errors as error:
            raise DecodeError(str(error)) from error
        if len(self._reader) != facts.length:
            raise DecodeError(f"decord finds {len(self._reader)} frames, not {facts.length}")
        self._size = facts.size
        self._at_once = max(1, CHUNK // (3 * facts.size[0] * facts.size[1]))

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`.

        Raises:
            DecodeError: decord reports an error, or frames of another size.
        """
        area = window or Window(0, 0, *self._size)
        frames = np.empty((len(indices), area.height, area.width, 3), np.uint8)
        for start in range(0, len(indices), self._at_once):
            part = slice(start, start + self._at_once)
            frames[part] = area.of(self._decode(list(indices[part])))
        return frames

    def _decode(self, indices: list[int]) -> np.ndarray:
        try:
            frames = self._reader.get_batch(indices).asnumpy()
        except self._errors as error:
            raise DecodeError(str(error)) from error
        if frames.shape[1:] != (*self._size, 3):
            raise DecodeError(f"decord gives frames of shape {frames.shape[1:]}")
        return frames
