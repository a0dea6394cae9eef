"""Reading ``results.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vsr.checkpoint_name import checkpoint_name
from vsr.frontier.kept import Kept
from vsr.frontier.point import Point, Setting
from vsr.results_layout import BICUBIC, SCHEMA, Curve


class NotUnderstoodError(Exception):
    """A file holds no scores that could be read; the message says why."""


class Scored(NamedTuple):
    """What a file says. The point has no label yet."""

    setting: Setting
    point: Point
    refused: Mapping[str, str]


def read(path: Path) -> Scored:
    """What the file ``path`` says.

    Raises:
        NotUnderstoodError: it is no such file, a newer version's, damaged or without scores.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotUnderstoodError(f"it cannot be read ({error})") from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(schema, int):
        raise NotUnderstoodError("it names no schema, as the results of this program do")
    if schema > SCHEMA:
        raise NotUnderstoodError(f"a newer version wrote it (schema {schema}; known is {SCHEMA})")
    try:
        scored = Scored(_setting(record), _point(path, record), record.get("refused") or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotUnderstoodError(f"it is not laid out as schema {schema} is ({error!r})") from error
    if not scored.point.values:
        raise NotUnderstoodError("it holds no scores")
    return scored


def _setting(record: Mapping[str, Any]) -> Setting:
    return Setting(
        record["dataset"],
        record["protocol"],
        record["scale"],
        record["degradation"],
        record.get("frames") or dict.fromkeys(record["clips"]),
        bool(record.get("random_weights")),
    )


def _point(path: Path, record: Mapping[str, Any]) -> Point:
    checkpoint, weights = record.get("checkpoint"), record.get("loss_weights")
    intervals = (record.get("intervals") or {}).get("metrics", {})
    return Point(
        label="",
        results=path,
        values=_numbers(record["metrics"]),
        intervals={metric: (low, high) for metric, (low, high) in intervals.items() if _is_number(low, high)},
        clips={clip: _numbers(scores) for clip, scores in record["clips"].items()},
        bicubic=_numbers(record.get("baseline", {}).get(BICUBIC, {})),
        bicubic_clips={
            clip: _numbers(scores) for clip, scores in record.get("baseline_clips", {}).get(BICUBIC, {}).items()
        },
        weights=None if weights is None else _numbers(weights),
        curve=_curve(record["curve"]) if record.get("curve") else None,
        training_seconds=record.get("training_seconds"),
        checkpoint=checkpoint_name(checkpoint) if checkpoint else None,
        config_hash=record.get("config_hash"),
        temperature=record.get("temperature"),
        media={clip: Kept.of(media) for clip, media in (record.get("media") or {}).items()},
    )


def _curve(curve: Mapping[str, Any]) -> Curve:
    of = tuple(checkpoint_name(source) for source in curve["of"])
    return Curve(curve["name"], of, curve["parameter"], float(curve["value"]))


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Without what is not one: null, NaN and infinity."""
    return {metric: value for metric, value in scores.items() if _is_number(value)}


def _is_number(*values: float | None) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)
