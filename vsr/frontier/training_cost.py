"""How long the trainings took that points come from."""

from __future__ import annotations

from collections.abc import Sequence

from vsr.checkpoint_name import training_name
from vsr.frontier.point import Point

Trainings = frozenset[str]


def training_seconds(of: Sequence[Point], known: Sequence[Point]) -> float | None:
    """What the trainings took that ``of`` come from; None where that of one is not known.

    Each counts once. A point of a curve comes from the trainings that the curve is made from, and says what all of
    them took together: what is not known of one follows from the others. Where nothing tells several apart, they count
    as one.

    Args:
        of: points, trained ones or of curves.
        known: all points that say something of their trainings.
    """
    seconds = _of_each(known)
    parts: dict[Trainings, float | None] = {}
    for point in of:
        trainings = _trainings(point)
        parts |= {frozenset([name]): seconds[name] for name in trainings.intersection(seconds)}
        if unknown := trainings.difference(seconds):
            parts[unknown] = _rest(point, trainings, seconds)
    found = [part for part in parts.values() if part is not None]
    return sum(found) if found and len(found) == len(parts) else None


def _of_each(points: Sequence[Point]) -> dict[str, float]:
    """What each training took, where that can be told."""
    seconds: dict[str, float] = {}
    statements = [(_trainings(point), point) for point in points if point.training_seconds is not None]
    for trainings, point in statements:
        if len(trainings) == 1:  # of an early checkpoint it is less
            (name,) = trainings
            seconds[name] = max(seconds.get(name, 0.0), point.training_seconds or 0.0)
    before = -1
    while len(seconds) > before:
        before = len(seconds)
        for trainings, point in statements:
            unknown = trainings.difference(seconds)
            if len(unknown) == 1:
                (name,) = unknown
                seconds[name] = _rest(point, trainings, seconds) or 0.0
    return seconds


def _rest(point: Point, trainings: Trainings, seconds: dict[str, float]) -> float | None:
    """What ``point`` says of its ``trainings``, less those of which it is known."""
    if point.training_seconds is None:
        return None
    # An end that was trained on since the curve was scored would leave less than nothing.
    return max(0.0, point.training_seconds - sum(seconds[name] for name in trainings.intersection(seconds)))


def _trainings(point: Point) -> Trainings:
    if point.curve:
        return frozenset(map(training_name, point.curve.of))
    return frozenset([training_name(point.checkpoint) if point.checkpoint else str(point.results)])
