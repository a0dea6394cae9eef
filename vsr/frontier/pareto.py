"""The points that no other point beats. All coordinates are such that less is better."""

from __future__ import annotations

import numpy as np


def nondominated(points: np.ndarray) -> np.ndarray:
    """Of each of ``points`` (N, D), whether it is Pareto optimal: whether no other is at least as good in every
    coordinate and better in one.

    A tie in one coordinate is decided by the others. Equal points do not beat one another: all stay, or none.
    """
    at_least_as_good = (points[:, None] <= points).all(2)
    better = (points[:, None] < points).any(2)
    return np.logical_not((at_least_as_good & better).any(0))
