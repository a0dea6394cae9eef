"""The files that a frontier is written to."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from vsr.errors import UserError
from vsr.frontier.axes import Axis
from vsr.frontier.frontier import Frontier
from vsr.frontier.picture import draw
from vsr.frontier.point import Point
from vsr.frontier.report import write_report
from vsr.metrics import bootstrap
from vsr.whole_file import ANOTHER_OUTPUT, whole_file

SCHEMA = 1


def write(frontier: Frontier, folder: Path, *, html: bool = True, colour: str | None = None) -> list[Path]:
    """Write ``frontier.json``, ``.csv``, ``.png`` and ``.html`` into ``folder``.

    Args:
        frontier: what is written.
        folder: made, if missing.
        html: whether to write the report, too.
        colour: λ that the points' colours show; None: the one that has most values.

    Returns:
        The files.

    Raises:
        UserError: there is no such λ, or a file cannot be written.
    """
    json_file, csv_file, picture, report = (folder / f"frontier.{suffix}" for suffix in ("json", "csv", "png", "html"))
    figure = draw(frontier, colour)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"'{folder}' cannot be made ({error.strerror}). Choose another --output DIR") from error
    with whole_file(json_file, ANOTHER_OUTPUT) as part:
        part.write_text(json.dumps(as_record(frontier, folder), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with whole_file(csv_file, ANOTHER_OUTPUT) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = [_row(frontier, number, folder) for number in range(len(frontier.points))]
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with whole_file(picture, ANOTHER_OUTPUT) as part:
        figure.savefig(part, format="png")
    if html:
        write_report(frontier, report)
    return [json_file, csv_file, picture, *([report] if html else [])]


def as_record(frontier: Frontier, folder: Path) -> dict[str, Any]:
    """The content of ``frontier.json``; paths are relative to ``folder``."""
    setting, unit = frontier.setting, " × ".join(each.title for each in frontier.axes)
    interval, step = frontier.hypervolume_interval, frontier.widest_step
    return {
        "schema": SCHEMA,
        **dataclasses.asdict(setting),
        "axes": [_axis(each) for each in frontier.axes],
        "reference": {
            "name": "bicubic" if frontier.reference is None else "given",
            "values": frontier.reference_values,
        },
        "bicubic": dict(frontier.bicubic),
        "points": [_point(frontier, number, folder) for number in range(len(frontier.points))],
        "published": [dataclasses.asdict(point) for point in frontier.published],
        "hypervolume": frontier.hypervolume,
        "hypervolume_unit": unit,
        "hypervolume_interval": list(interval) if interval else None,
        "interval_level": bootstrap.LEVEL,
        "hypervolume_per_hour": frontier.hypervolume_per_hour,
        "training_seconds": frontier.training_seconds,
        "roads": [
            {
                "name": road.name,
                "points": [frontier.points[number].label for number in road.points],
                "on_frontier": on_frontier,
                "hypervolume": hypervolume,
                "hypervolume_per_hour": hypervolume_per_hour,
                "training_seconds": road.seconds,
            }
            for road, on_frontier, hypervolume, hypervolume_per_hour in frontier.roads
        ],
        "spearman": frontier.spearman,
        "hull_gap": frontier.hull_gap._asdict() if frontier.hull_gap else None,
        "widest_step": {
            "from": frontier.points[step.first].label,
            "to": frontier.points[step.second].label,
            "share": step.share,
        }
        if step
        else None,
        "notes": list(frontier.notes),
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "metric": axis.metric,
        "label": axis.title,
        "kind": axis.kind,
        "higher_is_better": axis.higher_is_better,
    }


def _point(frontier: Frontier, number: int, folder: Path) -> dict[str, Any]:
    point = frontier.points[number]
    return {
        "label": point.label,
        "results": _relative(point, folder),
        "checkpoint": point.checkpoint,
        "on_frontier": frontier.on_frontier[number],
        "beats_reference": frontier.counted[number],
        "values": dict(point.values),
        "intervals": {metric: list(ends) for metric, ends in point.intervals.items()},
        "weights": None if point.weights is None else dict(point.weights),
        "curve": dataclasses.asdict(point.curve) if point.curve else None,
        "temperature": point.temperature,
        "training_seconds": point.training_seconds,
    }


def _row(frontier: Frontier, number: int, folder: Path) -> dict[str, Any]:
    """One line of ``frontier.csv``; a λ that a term does not have is 0, and empty where nothing is known."""
    point, columns = frontier.points[number], {}
    for metric in frontier.metrics:
        columns[metric] = point.values.get(metric)
        if any(metric in each.intervals for each in frontier.points):
            columns[f"{metric}_low"], columns[f"{metric}_high"] = point.intervals.get(metric, (None, None))
    names = dict.fromkeys(name for each in frontier.points for name in each.weights or {})
    return {
        "label": point.label,
        "on_frontier": frontier.on_frontier[number],
        "beats_reference": frontier.counted[number],
        **columns,
        **{f"weight.{name}": point.weight(name) for name in names},
        "curve": point.curve.name if point.curve else None,
        "parameter": point.curve.parameter if point.curve else None,
        "parameter_value": point.curve.value if point.curve else None,
        "training_seconds": point.training_seconds,
        "results": _relative(point, folder),
    }


def _relative(point: Point, folder: Path) -> str:
    return os.path.relpath(point.results, folder)
