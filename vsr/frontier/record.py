"""Reading ``results.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vsr.frontier.point import BICUBIC, Curve, Point, Setting

SCHEMA = 1
"""The newest layout that is understood."""


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
    curve = record.get("curve")
    intervals = (record.get("intervals") or {}).get("metrics", {})
    return Point(
        label="",
        results=path,
        values=_numbers(record["metrics"]),
        intervals={metric: (low, high) for metric, (low, high) in intervals.items()},
        clips={clip: _numbers(scores) for clip, scores in record["clips"].items()},
        bicubic=_numbers(record.get("baseline", {}).get(BICUBIC, {})),
        bicubic_clips={
            clip: _numbers(scores) for clip, scores in record.get("baseline_clips", {}).get(BICUBIC, {}).items()
        },
        weights=record.get("loss_weights"),
        curve=Curve(curve["name"], tuple(curve["of"]), curve["parameter"], float(curve["value"])) if curve else None,
        training_seconds=record.get("training_seconds"),
        checkpoint=record.get("checkpoint"),
        config_hash=record.get("config_hash"),
        temperature=record.get("temperature"),
        media=record.get("media") or {},
    )


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Without what is not one: null, NaN and infinity."""
    return {metric: value for metric, value in scores.items() if value is not None and math.isfinite(value)}
