"""From folders to points."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from vsr.errors import UserError, choose
from vsr.frontier.comparable import KEYS, refuse_mixed
from vsr.frontier.labels import labels
from vsr.frontier.point import Point, Setting
from vsr.frontier.record import NotUnderstoodError, Scored, read


class Collected(NamedTuple):
    """Points with labels, what they were scored on, why each lacks the metrics that were refused (by the point's
    label and the metric), and a sentence on each thing left out."""

    setting: Setting
    points: list[Point]
    refused: dict[str, Mapping[str, str]]
    notes: list[str]


def collect(places: Sequence[Path], only: Mapping[str, str] | None = None) -> Collected:
    """The points of every ``results.json`` in or below ``places``.

    Files that are not understood are skipped; of several scorings of one checkpoint the newest counts.

    Args:
        places: folders, or such files themselves.
        only: value that a file must have to count, by a name of `KEYS`.

    Raises:
        UserError: a place that is missing, no such file, or files that do not compare.
    """
    notes: list[str] = []
    found = list(_read_all(places, notes))
    if not found:
        where = ", ".join(f"'{place}'" for place in places)
        raise UserError(" ".join([f"No scores in or below {where}: train or evaluate first.", *notes]))
    chosen = _chosen(found, only or {}, notes)
    refuse_mixed(chosen)
    kept = _newest(chosen, notes)
    points = [scored.point for scored in kept]
    names = labels(points)
    return Collected(
        kept[0].setting,
        [dataclasses.replace(point, label=name) for point, name in zip(points, names, strict=True)],
        {name: scored.refused for name, scored in zip(names, kept, strict=True)},
        notes,
    )


def _read_all(places: Sequence[Path], notes: list[str]) -> Iterator[Scored]:
    for path in _files(places):
        try:
            yield read(path)
        except NotUnderstoodError as error:
            notes.append(f"Skipped {path}: {error}.")


def _files(places: Sequence[Path]) -> Iterator[Path]:
    """In order, each once."""
    seen = set()
    for place in places:
        if not place.exists():
            raise UserError(f"'{place}' does not exist; give folders with results.json in or below them")
        for path in sorted(place.rglob("results.json")) if place.is_dir() else [place]:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _chosen(found: list[Scored], only: Mapping[str, str], notes: list[str]) -> list[Scored]:
    for key in only:
        choose("--only", key, KEYS)
    wanted = " ".join(f"{key}={value}" for key, value in only.items())
    chosen = [scored for scored in found if all(str(getattr(scored.setting, key)) == only[key] for key in only)]
    if not chosen:
        raise UserError(f"--only {wanted}: none of the {len(found)} results is of that")
    if len(chosen) < len(found):
        notes.append(f"Left out {len(found) - len(chosen)} of {len(found)} results, which are not of {wanted}.")
    return chosen


def _newest(found: list[Scored], notes: list[str]) -> list[Scored]:
    """``found`` without what a newer file on the same checkpoint replaces."""
    newest: dict[tuple[object, ...], Path] = {}
    for path, identity in sorted(
        ((scored.point.results, _identity(scored.point)) for scored in found),
        key=lambda pair: pair[0].stat().st_mtime_ns,
    ):
        if identity in newest:
            notes.append(f"Left out {newest[identity]}: {path} is of the same checkpoint, and newer.")
        newest[identity] = path
    return [scored for scored in found if scored.point.results in newest.values()]


def _identity(point: Point) -> tuple[object, ...]:
    if point.checkpoint is None and point.curve is None:
        return (point.results,)
    # A training does not say at which temperature it validates: at 0.
    return point.config_hash, point.checkpoint, point.temperature or 0.0, point.curve
