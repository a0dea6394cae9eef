"""From folders to a frontier."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from vsr.errors import UserError
from vsr.frontier.axes import Axis, axis
from vsr.frontier.collect import Collected, collect
from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Point, Values
from vsr.frontier.published import overlay
from vsr.frontier.remarks import remarks
from vsr.metrics.table import METRICS

AXES = ("psnr_y", "lpips")


def trace(
    folders: Sequence[Path | str],
    axes: Sequence[str | Axis] = AXES,
    reference: Sequence[float] | None = None,
    only: Mapping[str, str] | None = None,
) -> Frontier:
    """The frontier of every ``results.json`` in or below ``folders``.

    Args:
        folders: or such files themselves.
        axes: two or three metrics; an `Axis` brings one that is not in the table.
        reference: where the hypervolume ends, a value an axis; None: bicubic's scores.
        only: as in `collect`.

    Raises:
        UserError: no such files, files that do not compare, or metrics that they do not hold.
    """
    found = collect([Path(folder) for folder in folders], only)
    metrics = _metrics(found.points, axes)
    chosen = _axes(axes, metrics)
    points = [point for point in found.points if all(each.metric in point.values for each in chosen)]
    if not points:
        names = " and ".join(each.metric for each in chosen)
        raise UserError(f"No result has {names} together. In them are: {', '.join(metrics)}.")
    points.sort(key=lambda point: [each.sign * point.values[each.metric] for each in chosen])
    published = overlay(found.setting)
    frontier = Frontier(
        found.setting,
        chosen,
        tuple(points),
        metrics,
        _bicubic(points),
        _reference(chosen, reference, _bicubic(points)),
        published.points,
    )
    notes = [*found.notes, *_incomplete(found, chosen), *published.notes, *remarks(frontier)]
    return dataclasses.replace(frontier, notes=tuple(notes))


def _metrics(points: Sequence[Point], axes: Sequence[str | Axis]) -> dict[str, Axis]:
    """An axis for every metric that some point has."""
    brought = {each.metric: each for each in axes if isinstance(each, Axis)}
    held = {metric for point in points for metric in point.values}
    return {metric: brought.get(metric) or axis(metric) for metric in [*brought, *METRICS] if metric in held}


def _axes(axes: Sequence[str | Axis], metrics: Mapping[str, Axis]) -> tuple[Axis, ...]:
    names = [each.metric if isinstance(each, Axis) else each for each in axes]
    if len(names) not in (2, 3) or len(set(names)) < len(names):
        raise UserError(f"A frontier has two or three different axes, not {', '.join(names) or 'none'}.")
    return tuple(metrics.get(name) or axis(name, metrics) for name in names)


def _bicubic(points: Sequence[Point]) -> Values:
    return {metric: value for point in points for metric, value in point.bicubic.items()}


def _reference(axes: Sequence[Axis], given: Sequence[float] | None, bicubic: Values) -> Values | None:
    names = [each.metric for each in axes]
    if given is None:
        missing = [name for name in names if name not in bicubic]
        if missing:
            raise UserError(f"These results have no {missing[0]} of bicubic. Give --reference {','.join(names)}")
        return None
    if len(given) != len(names):
        raise UserError(f"--reference has {len(given)} values for {len(names)} axes. Expected {','.join(names)}")
    return dict(zip(names, given, strict=True))


def _incomplete(found: Collected, axes: Sequence[Axis]) -> list[str]:
    """A note on each point that lacks a value on an axis."""
    notes = []
    for point in found.points:
        missing = [each.metric for each in axes if each.metric not in point.values]
        if missing:
            reasons = [
                found.refused[point.label][metric] for metric in missing if metric in found.refused[point.label]
            ]
            notes.append(" ".join([f"Left out {point.label}: it has no {' and no '.join(missing)}.", *reasons]))
    return notes
