"""Which frames, and which part of them, each training item shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vsr.data.augmentation import Augmentation
from vsr.data.clip import Clip, Window
from vsr.errors import UserError

STILL_SPEED = 4
"""Greatest step of the window over a still, in HR pixels a frame, either way (TecoGAN, Chu et al., 2020)."""


@dataclass(frozen=True)
class ClipDraw:
    """What one training item shows: ``frames`` of the clip number ``clip``, and of each its own window or, where there
    is but one, that; then how they are turned."""

    clip: int
    frames: Sequence[int]
    windows: tuple[Window, ...]
    augmentation: Augmentation


@dataclass(frozen=True)
class _Shot:
    clip: int
    start: int
    length: int


class ClipSampler:
    """Draws item ``index`` from ``np.random.default_rng((seed, index))`` alone.

    Items never cross a scene cut. Every excerpt of ``frames`` consecutive frames is equally likely; of a source with
    ``parts``, within its part, and parts are drawn by their weights. A shot shorter than ``frames`` counts as one
    excerpt: a window that wanders over one of its frames.

    Args:
        clips: the source; of a clip smaller than ``crop`` there is no excerpt.
        frames: T, frames in an item.
        crop: side of the square window in HR pixels.
        seed: of all draws; not negative.
        flips: mirror left-right and top-bottom, each half of the time.
        transpose: swap rows and columns half of the time.
        reverse: play backwards half of the time.
        strides: distances between consecutive frames of an item, drawn with equal odds; where a shot is too short for
            the one drawn, the largest of them that fits or, if none does, the largest that does.
        moving_first_frame: probability that an item is a wandering window over one frame, as of a short shot.
        grid: windows begin at multiples of it, so that given LR can be cut alike.

    Raises:
        UserError: no clip, no stride, one below 1, or a probability that is none.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        frames: int,
        crop: int,
        seed: int,
        flips: bool = True,
        transpose: bool = True,
        reverse: bool = True,
        strides: Sequence[int] = (1,),
        moving_first_frame: float = 0.0,
        grid: int = 1,
    ) -> None:
        are_numbers = isinstance(strides, Sequence) and all(type(stride) is int and stride > 0 for stride in strides)
        if not strides or not are_numbers:
            raise UserError(f"data.strides={strides}: expected whole numbers of at least 1, such as [1,2]")
        if not 0 <= moving_first_frame <= 1:
            raise UserError(f"data.moving_first_frame={moving_first_frame}: expected a probability from 0 to 1")
        self.frames, self.crop, self.seed, self.grid = frames, crop, seed, grid
        self.allowed = np.array([flips, flips, transpose, reverse])
        self.strides, self.moving_first_frame = tuple(strides), moving_first_frame
        self._sizes = [clip.size for clip in clips]
        large = [(number, clip) for number, clip in enumerate(clips) if min(clip.size) >= crop]
        self._shots = [shot for number, clip in large for shot in _shots(number, clip)]
        excerpts = [max(1, shot.length - frames + 1) for shot in self._shots]
        if not self._shots:
            raise UserError("There are no training clips. Set data.root=FOLDER to a folder that holds some.")
        self._ends = np.cumsum([0, *excerpts])  # excerpts before and up to each shot
        self._part_ends, self._part_odds = self._parts(clips)

    @property
    def clips(self) -> int:
        """Clips of which there are excerpts."""
        return len({shot.clip for shot in self._shots})

    @property
    def stills(self) -> int:
        """Shots too short for anything but a wandering window."""
        return sum(shot.length < self.frames for shot in self._shots)

    def draw(self, index: int, attempt: int = 0) -> ClipDraw:
        """Item ``index``; what replaces it where ``attempt`` items before it could not be read."""
        rng = np.random.default_rng((self.seed, index, attempt) if attempt else (self.seed, index))
        part = int(rng.choice(len(self._part_odds), p=self._part_odds)) if len(self._part_odds) > 1 else 0
        position = int(rng.integers(self._part_ends[part], self._part_ends[part + 1]))
        which = int(np.searchsorted(self._ends, position, side="right")) - 1
        shot, offset = self._shots[which], position - int(self._ends[which])
        still = shot.length < self.frames or (self.moving_first_frame > 0 and rng.random() < self.moving_first_frame)
        # Draws that a setting does not need are not made: the default's are those of the simplest sampler.
        frames = [shot.start + offset] * self.frames if still else self._excerpt(rng, shot, offset)
        room = [(side - self.crop) // self.grid for side in self._sizes[shot.clip]]
        corner = [int(rng.integers(most + 1)) for most in room]
        corners = list(zip(*map(self._walk, [rng] * 2, corner, room), strict=True)) if still else [corner]
        windows = tuple(Window(top * self.grid, left * self.grid, self.crop, self.crop) for top, left in corners)
        # Four draws whatever is allowed: switching one augmentation off leaves the others as they were.
        turned = (rng.random(4) < 0.5) & self.allowed
        return ClipDraw(shot.clip, frames, windows, Augmentation(*turned.tolist()))

    def _excerpt(self, rng: np.random.Generator, shot: _Shot, offset: int) -> range:
        stride = self.strides[int(rng.integers(len(self.strides)))] if len(self.strides) > 1 else self.strides[0]
        most = max(1, (shot.length - 1) // max(1, self.frames - 1))
        if stride > most:
            stride = max((smaller for smaller in self.strides if smaller <= most), default=most)
        span = (self.frames - 1) * stride + 1
        if stride > 1:  # fewer places to begin at than `offset` was drawn from
            offset = int(rng.integers(shot.length - span + 1))
        return range(shot.start + offset, shot.start + offset + span, stride)

    def _walk(self, rng: np.random.Generator, start: int, room: int) -> list[int]:
        """Positions of a window on the grid, one a frame: a random walk that the borders throw back."""
        steps = np.rint(rng.uniform(-STILL_SPEED, STILL_SPEED, self.frames - 1) / self.grid).astype(int)
        positions = np.cumsum([start, *steps])
        if room == 0:
            return [0] * self.frames
        return (room - np.abs(positions % (2 * room) - room)).tolist()

    def _parts(self, clips: Any) -> tuple[np.ndarray, np.ndarray]:
        """First excerpt of each part, with the last one's end, and the odds of each part."""
        parts: Sequence[tuple[int, float]] = getattr(clips, "parts", None) or [(len(clips), 1.0)]
        last_clips = np.cumsum([0, *(count for count, _ in parts)])
        owners = [shot.clip for shot in self._shots]
        ends = [int(self._ends[int(np.searchsorted(owners, clip))]) for clip in last_clips]
        for (count, weight), (first, last), clip in zip(parts, pairwise(ends), last_clips[:-1], strict=True):
            if weight and first == last:
                raise UserError(
                    f"None of the {count} clips beside '{clips[clip].name}' can be drawn: all are smaller than "
                    f"data.crop={self.crop}. Lower data.crop, or leave that part out with weight=0."
                )
        weights = np.array([weight for _, weight in parts], float)
        return np.array(ends), weights / weights.sum()


def _shots(number: int, clip: Clip) -> list[_Shot]:
    return [_Shot(number, start, stop - start) for start, stop in pairwise([0, *clip.cuts, clip.length])]
