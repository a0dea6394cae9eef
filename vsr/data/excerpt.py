"""A part of a clip that is a clip itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vsr.data.clip import Clip, Window


class Excerpt:
    """Frames ``start`` to ``stop`` (exclusive) of another clip, under the same name."""

    def __init__(self, clip: Clip, start: int, stop: int) -> None:
        assert 0 <= start < stop <= clip.length
        self.name, self.size, self.length = clip.name, clip.size, stop - start
        self.cuts: Sequence[int] = [cut - start for cut in clip.cuts if start < cut < stop]
        self._clip, self._start = clip, start
        if hasattr(clip, "path"):
            self.path = clip.path
        low: Any = getattr(clip, "lr", None)
        if low is not None:
            self.lr = Excerpt(low, start, stop)

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`; frame 0 is the excerpt's first."""
        if isinstance(indices, range):  # stays one: a block may be had without copying
            shifted: Sequence[int] = range(self._start + indices.start, self._start + indices.stop, indices.step)
        else:
            shifted = [self._start + index for index in indices]
        return self._clip.read(shifted, window)
