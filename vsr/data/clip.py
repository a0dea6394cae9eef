"""What every raw source of frames offers: named clips of RGB pictures, read by frame number."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vsr.data.exact_motion import ExactMotion
from vsr.errors import UserError


class Clip(Protocol):
    """Consecutive frames of one size. Cheap to hold and to pickle; files are opened by whoever reads."""

    name: str
    length: int
    size: tuple[int, int]  # (H, W)

    def read(self, indices: Sequence[int]) -> np.ndarray:
        """The frames at ``indices``, in that order: (T, H, W, 3) uint8 RGB. The caller must not write to it."""
        ...


class MovingClip(Clip, Protocol):
    """A clip whose true motion is known."""

    def motion(self, indices: Sequence[int]) -> ExactMotion:
        """The motion between each listed frame and the next listed one."""
        ...


class Clips(Sequence[Clip]):
    """A source: a fixed sequence of clips.

    Raises:
        UserError: two clips have the same name.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = list(clips)
        for name, count in Counter(clip.name for clip in self._clips).items():
            if count > 1:
                raise UserError(f"{count} clips are called '{name}': rename all but one.")

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204  (Sequence's overloads)
        return self._clips[index]


class Excerpt:
    """Frames ``start`` to ``stop`` (exclusive) of another clip, under the same name."""

    def __init__(self, clip: Clip, start: int, stop: int) -> None:
        assert 0 <= start < stop <= clip.length
        self.name, self.size, self.length = clip.name, clip.size, stop - start
        self._clip, self._start = clip, start

    def read(self, indices: Sequence[int]) -> np.ndarray:
        """See `Clip.read`; frame 0 is the excerpt's first."""
        return self._clip.read([self._start + index for index in indices])
