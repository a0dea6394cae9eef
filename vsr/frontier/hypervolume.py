"""How much of the plane or space up to a reference point is dominated. Less is better in every coordinate."""

from __future__ import annotations

import numpy as np


def hypervolume(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Area or volume that ``points`` dominate and that dominates ``reference`` (Zitzler & Thiele, 1998).

    A point that is worse than the reference in some coordinate, or equal, adds nothing. The unit is the product of
    the coordinates' units; values compare only for one reference point.

    Args:
        points: (…, N, 2) or (…, N, 3), N sets after one another in the leading dimensions; dominated ones may be
            among them.
        reference: (…, 2) or (…, 3).

    Returns:
        (…), 0 of no points.
    """
    # A point beyond the reference becomes one on its face: it spans nothing.
    points = np.minimum(points, reference[..., None, :])
    return _area(points, reference) if points.shape[-1] == 2 else _volume(points, reference)


def _area(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """By a sweep along the first coordinate: each point adds the rectangle below all points to its left."""
    order = np.argsort(points[..., 0], axis=-1, kind="stable")
    x, y = (np.take_along_axis(points[..., place], order, -1) for place in (0, 1))
    ceiling = np.concatenate([reference[..., 1:], y], -1)
    lowest = np.minimum.accumulate(ceiling, -1)[..., :-1]
    return ((reference[..., :1] - x) * np.maximum(lowest - y, 0)).sum(-1)


def _volume(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """By slices along the third coordinate: each is as thick as it is far to the next point, and what it shows of the
    other two is the area of the points before it."""
    order = np.argsort(points[..., 2], axis=-1, kind="stable")[..., None]
    points = np.take_along_axis(points, order, -2)
    bounds = np.concatenate([points[..., 2], reference[..., 2:]], -1)
    thickness = np.diff(bounds, axis=-1)
    volume = np.zeros(points.shape[:-2])
    for count in range(1, points.shape[-2] + 1):
        volume += thickness[..., count - 1] * _area(points[..., :count, :2], reference[..., :2])
    return volume
