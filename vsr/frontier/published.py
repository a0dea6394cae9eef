"""Points that others print, for comparison; ``published.csv`` says where each comes from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from vsr.frontier.point import Published, Setting
from vsr.metrics.table import METRICS


class Overlay(NamedTuple):
    """Points to draw beside one's own, and what a reader must know of them."""

    points: tuple[Published, ...]
    notes: list[str]


def overlay(setting: Setting) -> Overlay:
    """The published points of the same data set, scale, degradation and protocol.

    They are drawn even where fewer clips were scored here than the set has, which a note says.
    """
    rows = [row for row in _rows() if _data(row) == (setting.dataset, str(setting.scale), setting.degradation)]
    points = tuple(_point(row) for row in rows if row["protocol"] == setting.protocol)
    if not points:
        protocols = ", ".join(sorted({row["protocol"] for row in rows}))
        what = f"Points of {setting.dataset} that others published are of protocol {protocols} and not drawn."
        return Overlay((), [what] if rows else [])
    means = other_clips(points, setting)
    return Overlay(points, [f"Published points are {means}."] if means else [])


def other_clips(points: Sequence[Published], setting: Setting) -> str:
    """Which clips ``points`` are means over, and which ours are; empty where they are the same."""
    theirs, ours = sorted({clip for point in points for clip in point.clips}), sorted(setting.frames)
    if theirs == ours:
        return ""
    only = f"ours over {', '.join(ours)} only" if ours else "over which ours are is not known"
    return f"means over {', '.join(theirs)}; {only}"


def _rows() -> list[dict[str, str]]:
    text = (files("vsr.frontier") / "published.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _data(row: dict[str, str]) -> tuple[str, ...]:
    return row["dataset"], row["scale"], row["degradation"]


def _point(row: dict[str, str]) -> Published:
    values = {metric: float(row[metric]) for metric in METRICS if row.get(metric)}
    return Published(row["method"], values, tuple(row["clips"].split()), row["source"])
