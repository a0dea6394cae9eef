"""Names of points that are short, say what differs, and differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from vsr.frontier.point import Point
from vsr.frontier.rank_correlation import varied_weights
from vsr.results_layout import Curve

_SHORT = 16  # characters of a folder's name that is a label by itself


def labels(points: Sequence[Point]) -> list[str]:
    """One for each point: on a curve its parameter; else the name of its folder, or the λ that differ where that name
    is long. Points that are still alike are told apart by their paths."""
    places = [_place(point.results.absolute()) for point in points]
    varied = varied_weights(points)
    found = []
    for place, point in zip(places, points, strict=True):
        if point.curve:
            found.append(_on_curve(point.curve))
        elif len(place.name) > _SHORT and point.weights and varied:
            found.append(" ".join(f"{name}={point.weight(name):.3g}" for name in varied))
        else:
            found.append(place.name)
    count = Counter(found)
    for number, (label, place) in enumerate(zip(found, places, strict=True)):
        if count[label] > 1:
            end = distinct_end(place, places)
            found[number] = end if label == place.name else f"{label} ({end})"
    return found


def _place(file: Path) -> Path:
    return file.parent if file.name == "results.json" else file.with_suffix("")


def _on_curve(curve: Curve) -> str:
    family, shown = curve.name.split()[0], f"{curve.parameter}={curve.value:g}"
    return shown if family == curve.parameter else f"{family} {shown}"


def distinct_end(path: Path, paths: Collection[Path]) -> str:
    """The shortest end of ``path`` that no other of ``paths`` ends with."""
    for length in range(1, len(path.parts)):
        end = path.parts[-length:]
        if sum(other.parts[-length:] == end for other in paths) == 1:
            return "/".join(end)
    return str(path)
