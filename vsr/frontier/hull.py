"""How far a frontier is from being convex. Less is better in both coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vsr.frontier.pareto import nondominated


class HullGap(NamedTuple):
    """Vertical gaps between a frontier and its lower convex hull, as shares of the frontier's extent in y."""

    largest: float
    mean: float


def hull_gap(points: np.ndarray) -> HullGap | None:
    """Gap of the non-dominated ones of ``points`` (N, 2), n of them when equal ones are counted once.

    With h the lower convex hull of the frontier, a polygon from its leftmost point to its lowest one, the gap of a
    point is (y_i - h(x_i)) / (max y - min y); the mean is over all n. Where a frontier is a perception-distortion
    function whose divergence is convex, it is convex itself (Blau & Michaeli, 2018), and its gap 0. No such law holds
    for just any two metrics (a convex function of MSE need not be one of PSNR) nor for training that has not ended:
    a gap asks for a look, it is no error. None for fewer than three points, which no hull can leave out.
    """
    frontier = np.unique(points[nondominated(points)], axis=0)  # sorted by x; y falls
    if len(frontier) < 3:
        return None
    x, y = frontier.T
    corners = _lower_hull(frontier)
    gaps = (y - np.interp(x, *corners.T)) / (y[0] - y[-1])
    return HullGap(float(gaps.max()), float(gaps.mean()))


def _lower_hull(points: np.ndarray) -> np.ndarray:
    """Corners (M, 2) of the lower convex hull of ``points`` sorted by x (monotone chain; Andrew, 1979)."""
    corners: list[np.ndarray] = []
    for point in points:
        while len(corners) > 1 and not _turns_left(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return np.stack(corners)


def _turns_left(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> bool:
    return bool((b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0]))
