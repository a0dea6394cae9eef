"""Where a frontier has been sampled least. Less is better in both coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vsr.frontier.pareto import nondominated


class Step(NamedTuple):
    """Between two neighbours on a frontier: their numbers, and how far apart they are as a share of its extent."""

    first: int
    second: int
    share: float


def widest_step(points: np.ndarray) -> Step | None:
    """The widest step between neighbours among the non-dominated ones of ``points`` (N, 2).

    A step is as wide as the larger of its two coordinates, each divided by the frontier's extent in it. None for fewer
    than three points, of which the one step spans all.
    """
    numbers = np.flatnonzero(nondominated(points))
    numbers = numbers[np.argsort(points[numbers, 0], kind="stable")]
    frontier = points[numbers]
    if len(np.unique(frontier, axis=0)) < 3:
        return None
    widths = (np.abs(np.diff(frontier, axis=0)) / np.ptp(frontier, axis=0)).max(1)
    place = int(widths.argmax())
    return Step(int(numbers[place]), int(numbers[place + 1]), float(widths[place]))
