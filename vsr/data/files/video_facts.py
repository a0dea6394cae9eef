"""What is known of a video file without opening it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class DecodeError(Exception):
    """A reader cannot give a frame; another reader may."""


@dataclass(frozen=True)
class VideoFacts:
    """What examining a file has found. Cheap to hold, to pickle and to hash.

    Args:
        length: frames.
        size: (H, W) as displayed: rotation is applied, a sample aspect ratio is not.
        fps: mean frame rate; 0 where it is not known.
        decoder: ``decord`` or ``pyav``.
        times: `packed` presentation times of the frames in units of the stream; empty where frames have none, or
            where seeking by them goes wrong.
        keys: `packed` numbers of the frames that decoding can start at.
        cuts: frames at which another shot begins.
    """

    length: int
    size: tuple[int, int]
    fps: float
    decoder: str
    times: str = ""
    keys: str = ""
    cuts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for field in ("size", "cuts"):  # JSON has lists
            object.__setattr__(self, field, tuple(getattr(self, field)))

    @property
    def frame_times(self) -> np.ndarray:
        """``times`` as ascending int64."""
        return unpacked(self.times)

    @property
    def key_frames(self) -> np.ndarray:
        """``keys`` as ascending int64."""
        return unpacked(self.keys)


def packed(numbers: Sequence[int]) -> str:
    """Ascending whole numbers as a short text: their steps, which hardly vary, compressed."""
    steps = np.diff(np.asarray(numbers, "<i8"), prepend=0)
    return base64.b85encode(zlib.compress(steps.astype("<i8").tobytes())).decode() if len(steps) else ""


def unpacked(text: str) -> np.ndarray:
    """The int64 numbers of a `packed` text."""
    steps: Any = np.frombuffer(zlib.decompress(base64.b85decode(text)), "<i8") if text else np.zeros(0, "<i8")
    return np.cumsum(steps)
