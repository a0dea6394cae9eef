"""The ways by which points were come by: training each, or a curve through trained ones that costs no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsr.frontier.point import Point

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
    found = []
    for (name, of), own in sorted(numbers.items(), key=lambda road: (road[0][0] != TRAINED, road[0])):
        title = f"{name} of {', '.join(Path(source).name for source in of)}" if names.count(name) > 1 else name
        if of:
            own.sort(key=lambda number: _parameter(points[number]))
        found.append(Road(title, tuple(own), training_seconds([points[number] for number in own], points)))
    return found


def training_seconds(of: Sequence[Point], known: Sequence[Point]) -> float | None:
    """What the trainings took that ``of`` come from; None where that of one is not known.

    Each counts once. A point of a curve comes from the checkpoints that the curve is made from. They are looked up
    among ``known``; where one is not there, what the point's own file says counts as one training more.
    """
    trainings: dict[str, float | None] = {}
    for point in of:
        if point.curve is None:
            trainings[point.checkpoint or str(point.results)] = point.training_seconds
            continue
        sources = [_trained(source, known) for source in point.curve.of]
        if all(sources):
            trainings |= {str(found.checkpoint): found.training_seconds for found in sources if found}
        else:
            trainings[" ".join(point.curve.of)] = point.training_seconds
    seconds = list(trainings.values())
    return None if not seconds or None in seconds else float(sum(filter(None, seconds)))


def _trained(source: str, known: Sequence[Point]) -> Point | None:
    """The trained point whose checkpoint is ``source``, or lies in the run of that name."""
    for point in known:
        if point.curve is None and point.checkpoint is not None:
            checkpoint = Path(point.checkpoint).absolute()
            if Path(source).absolute() in (checkpoint, *checkpoint.parents[:2]):
                return point
    return None


def _parameter(point: Point) -> float:
    return point.curve.value if point.curve else 0.0
