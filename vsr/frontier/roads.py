"""The ways by which points were come by: training each, or a curve through trained ones that costs no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsr.frontier.labels import distinct_end
from vsr.frontier.point import Point
from vsr.frontier.training_cost import training_seconds

TRAINED = "training"


@dataclass(frozen=True)
class Road:
    """Points that were come by in one way.

    Args:
        name: ``training`` or the curve's name, with what it is made from where several have that name.
        points: the numbers of its points.
        seconds: of training that all of it took; None where that of some part is not known.
    """

    name: str
    points: tuple[int, ...]
    seconds: float | None


def roads(points: Sequence[Point]) -> list[Road]:
    """The roads that ``points`` lie on, the trained ones first."""
    numbers: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, point in enumerate(points):
        key = (point.curve.name, point.curve.of) if point.curve else (TRAINED, ())
        numbers.setdefault(key, []).append(number)
    names = [name for name, _ in numbers]
    sources = {Path(source) for _, of in numbers for source in of}
    found = []
    for (name, of), own in sorted(numbers.items(), key=lambda road: (road[0][0] != TRAINED, road[0])):
        ends = ", ".join(distinct_end(Path(source), sources) for source in of)
        title = f"{name} of {ends}" if names.count(name) > 1 else name
        if of:
            own.sort(key=lambda number: _parameter(points[number]))
        found.append(Road(title, tuple(own), training_seconds([points[number] for number in own], points)))
    return found


def _parameter(point: Point) -> float:
    return point.curve.value if point.curve else 0.0
