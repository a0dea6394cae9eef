"""A few frames of a video as a plain decode gives them, to try readers with."""

from __future__ import annotations

from typing import Protocol

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vsr.data.clip import Window
from vsr.data.files.pyav_reader import displayed
from vsr.data.files.video_facts import DecodeError

MOST = 4  # evenly spaced frames that are kept, beside the last
SIDE = 256  # of the middle part that is kept of each
SAME = 2  # levels by which two decoders may differ: they round differently


class Reader(Protocol):
    """Reads frames of one file; see `DecordReader` and `PyAVReader`."""

    def read(self, indices: list[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        ...


class Samples:
    """Evenly spaced frames and the last one, of a video whose length is not known beforehand."""

    def __init__(self) -> None:
        self.size: tuple[int, int] = (0, 0)
        self._frames: dict[int, np.ndarray] = {}
        self._every, self._count = 1, 0
        self._last: av.VideoFrame | None = None
        self._to_rgb = VideoReformatter()

    def add(self, frame: av.VideoFrame) -> None:
        """Take the next frame."""
        if self._count % self._every == 0 and len(self._frames) == MOST:
            self._every *= 2
            self._frames = {index: part for index, part in self._frames.items() if index % self._every == 0}
        if self._count % self._every == 0:
            self._frames[self._count] = self._part(frame)
        self._last = frame
        self._count += 1

    def agree_with(self, reader: Reader) -> bool:
        """Whether ``reader`` gives the same frames, asked for the last one first, then for the others."""
        assert self._last is not None
        frames = {**self._frames}
        if self._count - 1 not in frames:
            frames = {self._count - 1: self._part(self._last), **frames}
        try:
            return all(
                np.abs(reader.read([index], self._window())[0].astype(int) - part).max() <= SAME
                for index, part in frames.items()
            )
        except DecodeError:
            return False

    def _part(self, frame: av.VideoFrame) -> np.ndarray:
        picture = displayed(frame, self._to_rgb)
        self.size = (picture.shape[0], picture.shape[1])
        return self._window().of(picture).copy()

    def _window(self) -> Window:
        height, width = (min(side, SIDE) for side in self.size)
        return Window((self.size[0] - height) // 2, (self.size[1] - width) // 2, height, width)
