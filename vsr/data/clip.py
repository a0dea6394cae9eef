"""What every raw source of frames offers: named clips of RGB pictures, read by frame number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from vsr.data.broken import BrokenFileError
from vsr.data.exact_motion import ExactMotion
from vsr.errors import UserError


class Window(NamedTuple):
    """A rectangle of a picture, in its pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, frames: np.ndarray) -> np.ndarray:
        """The window's view of ``frames`` (..., H, W, 3)."""
        return frames[..., self.top : self.top + self.height, self.left : self.left + self.width, :]

    def over(self, scale: int) -> Window:
        """The same in pictures that are smaller by ``scale``, which divides all four."""
        return Window(*(number // scale for number in self))


class Clip(Protocol):
    """Consecutive frames of one size. Cheap to hold and to pickle; files are opened by whoever reads."""

    name: str
    length: int
    size: tuple[int, int]  # (H, W)
    cuts: Sequence[int]  # frames at which another shot begins, ascending, all above 0; empty: a single shot

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """The frames at ``indices``, in that order, or only the ``window`` of each: (T, H, W, 3) uint8 RGB. The caller
        must not write to it.

        Raises:
            BrokenFileError: a file is gone, or its content cannot be decoded.
        """
        ...


class MovingClip(Clip, Protocol):
    """A clip whose true motion is known."""

    def motion(self, indices: Sequence[int]) -> ExactMotion:
        """The motion between each listed frame and the next listed one."""
        ...


class Clips(Sequence[Clip]):
    """A source: a fixed sequence of clips.

    Args:
        clips: what can be read.
        broken: what was found beside them and cannot.

    Raises:
        UserError: two clips have the same name.
    """

    def __init__(self, clips: Sequence[Clip], broken: Sequence[BrokenFileError] = ()) -> None:
        self._clips = list(clips)
        self.broken = list(broken)
        for name, count in Counter(clip.name for clip in self._clips).items():
            if count > 1:
                raise UserError(f"{count} clips are called '{name}': rename all but one.")

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204  (Sequence's overloads)
        return self._clips[index]
