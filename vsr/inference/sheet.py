"""The full table, as a paper prints it: clips by methods by metrics; what is in each cell, and not how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vsr.metrics import METRICS, protocol_named
from vsr.results_layout import BICUBIC

MOST_CLIPS = 20  # that a table has rows for


class Cell(NamedTuple):
    """A number and, of the set, its interval; whether no method has a better number."""

    text: str
    interval: str = ""
    is_best: bool = False


class Row(NamedTuple):
    """One method."""

    method: str
    cells: list[Cell]


class Block(NamedTuple):
    """One clip, or the mean over all."""

    title: str
    rows: list[Row]


class Sheet(NamedTuple):
    """The whole table."""

    caption: str
    headings: list[str]
    blocks: list[Block]


def sheet(records: Mapping[str, Mapping[str, Any]]) -> Sheet:
    """The table of ``records``, each the content of a ``results.json``, by the checkpoints' names.

    All of them are of the same clips. Bicubic comes first; of more than `MOST_CLIPS` clips only the mean is told.
    """
    first = next(iter(records.values()))
    metrics = list(dict.fromkeys(name for record in records.values() for name in record["metrics"]))
    clips = list(first["clips"]) if len(first["clips"]) <= MOST_CLIPS else []
    blocks = []
    for clip in clips:
        scores = {name: record["clips"][clip] for name, record in records.items()}
        blocks.append(_block(clip, metrics, {BICUBIC: first["baseline_clips"][BICUBIC][clip], **scores}))
    if len(clips) != 1 or first["metrics"].keys() > first["clips"][clips[0]].keys():
        means = {name: record["metrics"] for name, record in records.items()}
        between = {name: record["intervals"]["metrics"] for name, record in records.items() if record["intervals"]}
        if first["intervals"]:
            between[BICUBIC] = first["intervals"]["baseline"][BICUBIC]
        blocks.append(_block("mean", metrics, {BICUBIC: first["baseline"][BICUBIC], **means}, between))
    costs = [record.get("cost") for record in records.values()]
    headings = [_heading(metric) for metric in metrics]
    if all(costs):
        headings += ["parameters", "s / frame", "MiB"]
        for row, record in zip(blocks[-1].rows, (None, *records.values()), strict=True):
            row.cells.extend(_cost_cells(record))
        for block in blocks[:-1]:
            for row in block.rows:
                row.cells.extend([Cell("–")] * 3)
    return Sheet(caption(records), headings, blocks)


def about(record: Mapping[str, Any]) -> str:
    """What was scored, and how."""
    protocol = protocol_named(record["protocol"]).caption
    return f"{record['dataset']} · ×{record['scale']} {record['degradation']} · protocol {protocol}"


def caption(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Of the table of ``records``: what was scored, how, on how much and how sure it is."""
    first = next(iter(records.values()))
    clips, frames = len(first["clips"]), sum(first["frames"].values())
    parts = [f"{about(first)} · {clips} clip{'s' if clips != 1 else ''}, {frames} frame{'s' if frames != 1 else ''}"]
    if (curve := first.get("curve")) and len(curve["of"]) == 2:
        start, end = curve["of"]
        parts.append(f"{curve['name'].capitalize()}: α = 0 is {start}, α = 1 {end}".replace("α", curve["parameter"]))
    if intervals := first["intervals"]:
        parts.append(
            f"In brackets {100 * intervals['level']:g} % intervals by bootstrap over clips "
            f"({intervals['draws']} draws, seed {intervals['seed']})"
        )
    if first.get("cost"):
        parts.append(f"Time and peak memory of super-resolving a whole clip on {first['cost']['device']}")
    parts += dict.fromkeys(
        f"Left out: {reason.rstrip('.')}" for record in records.values() for reason in record["refused"].values()
    )
    for name, record in records.items():
        if record.get("random_weights"):
            parts.append(f"RANDOM weights, for tests only, in {name}: {', '.join(record['random_weights'])}")
    return ". ".join(parts) + "."


def _block(
    title: str,
    metrics: Sequence[str],
    scores: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
) -> Block:
    """Cells of every method, by name; ``intervals`` likewise."""
    texts = {name: {metric: _number(metric, own[metric]) for metric in own} for name, own in scores.items()}
    best = {}
    for metric in metrics:
        # Of what is printed: what differs in digits that nobody sees is as good.
        printed = [own[metric] for own in texts.values() if metric in own]
        best[metric] = (max if METRICS[metric].higher_is_better else min)(printed, key=float, default=None)
    rows = []
    for name, own in texts.items():
        cells = []
        for metric in metrics:
            interval = (intervals or {}).get(name, {}).get(metric)
            between = f"[{_number(metric, interval[0])}, {_number(metric, interval[1])}]" if interval else ""
            text = own.get(metric, "–")
            cells.append(Cell(text, between, text == best[metric]))
        rows.append(Row(name, cells))
    return Block(title, rows)


def _cost_cells(record: Mapping[str, Any] | None) -> list[Cell]:
    if record is None:
        return [Cell("–")] * 3
    cost = record["cost"]
    millions, mebibytes = record["parameters"] / 1e6, cost["peak_memory_bytes"] / 2**20
    return [Cell(f"{millions:.2f} M"), Cell(f"{cost['seconds_per_frame']:.3g}"), Cell(f"{mebibytes:.0f}")]


def _number(metric: str, value: float) -> str:
    return f"{value:.{METRICS[metric].decimals}f}"


def _heading(metric: str) -> str:
    about = METRICS[metric]
    return f"{about.title} {'↑' if about.higher_is_better else '↓'}" + (f" ({about.unit})" if about.unit else "")
