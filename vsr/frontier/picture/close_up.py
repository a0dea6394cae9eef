"""Which part of the plane to draw from close up."""

from __future__ import annotations

import numpy as np
from matplotlib.transforms import Bbox

from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Values

_LITTLE = 0.25  # of the extent of all that is drawn, on some axis
_MARGIN = 0.25  # of the frontier's extent, on each side


def close_up(frontier: Frontier) -> Bbox | None:
    """The surroundings of the frontier in the plane of the first two axes, in their units.

    None where the whole picture shows it well: the frontier takes up more than a quarter of it on both axes, or is a
    single point.
    """
    best = _places(frontier, [point.values for point in frontier.best])
    ours, theirs = ([point.values for point in points] for points in (frontier.points, frontier.published))
    whole = np.ptp(_places(frontier, [*ours, *theirs, frontier.reference_values]), axis=0)
    extent = np.ptp(best, axis=0)
    if not extent.all() or (extent > _LITTLE * whole).all():
        return None
    return Bbox([best.min(axis=0) - _MARGIN * extent, best.max(axis=0) + _MARGIN * extent])


def _places(frontier: Frontier, rows: list[Values]) -> np.ndarray:
    """``(N, 2)`` of those that have both metrics."""
    x, y = (axis.metric for axis in frontier.axes[:2])
    return np.array([(row[x], row[y]) for row in rows if x in row and y in row])
