"""λ as colours: a logarithmic scale with a place for 0."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize

from vsr.errors import choose
from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Point

UNKNOWN = "0.55"
"""Colour of a point whose λ is not known: grey."""

_PALE_END = 0.9  # of viridis: beyond it a hollow mark is hard to see on white
_MOST_TICKS = 8


class ColourScale:
    """The colours of the trained points of a frontier.

    Args:
        frontier: whose points.
        name: the λ that colours show; None: the first of `Frontier.varied_weights`, if there is one.

    Raises:
        UserError: no point has a λ of that ``name``.
    """

    def __init__(self, frontier: Frontier, name: str | None = None) -> None:
        trained = [point for point in frontier.points if point.curve is None]
        known = dict.fromkeys(key for point in trained for key in point.weights or {})
        self.name = choose("--colour", name, known) if name else next(iter(frontier.varied_weights), None)
        values = {value for point in trained if (value := self._value(point)) is not None}
        self.values = sorted(values)
        positive = np.log10([value for value in self.values if value > 0] or [1.0])
        self._of_zero = positive.min() - max(0.5, np.ptp(positive) / 6)
        lowest = self._of_zero if 0.0 in values else positive.min()
        self._normalize = Normalize(lowest, max(positive.max(), lowest + 1e-9))
        self._map = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, _PALE_END, 256)))
        self.mappable = ScalarMappable(self._normalize, self._map)

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to tell apart."""
        return len(self.values) > 1

    def __call__(self, point: Point) -> object:
        """What matplotlib takes for the colour of ``point``."""
        value = self._value(point)
        return UNKNOWN if value is None else self._map(self._normalize(self.position(value)))

    def position(self, value: float) -> float:
        """Of a λ on the scale: its logarithm; 0 lies below the least of the others."""
        return float(np.log10(value)) if value > 0 else float(self._of_zero)

    def ticks(self) -> Sequence[float]:
        """The λ to write beside the scale: all, or the two ends and some between where they are many."""
        if len(self.values) <= _MOST_TICKS:
            return self.values
        places = np.linspace(0, len(self.values) - 1, _MOST_TICKS).round().astype(int)
        return [self.values[place] for place in places]

    def _value(self, point: Point) -> float | None:
        return None if point.weights is None or self.name is None else point.weights.get(self.name, 0.0)
