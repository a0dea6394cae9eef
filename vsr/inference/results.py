"""``results.json``: the scores of one run or checkpoint, and the table a person reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.metrics import METRICS
from vsr.whole_file import whole_file

SCHEMA = 1

WHERE_AND_HOW: dict[str, Any] = {
    **dict.fromkeys(("output_dir", "resume", "logger", "callbacks", "compile", "memory")),
    "trainer": dict.fromkeys(("accelerator", "devices", "num_nodes", "strategy")),
    "data": {"workers": None},
    "generator": {"memory": None},
}
"""Keys of a training config that say where and how it runs, not what is trained."""


def results_record(results: list[ClipResult], about: dict[str, Any]) -> dict[str, Any]:
    """The content of ``results.json``: ``about`` (data set, protocol, generator, λ …), means, clips and bicubic."""
    return {
        "schema": SCHEMA,
        **about,
        "metrics": Evaluator.mean(results),
        "clips": {result.name: result.metrics for result in results},
        "baseline": {"bicubic": Evaluator.mean(results, of="bicubic")},
        "baseline_clips": {"bicubic": {result.name: result.bicubic for result in results}},
    }


def config_hash(config: dict[str, Any]) -> str:
    """First 12 digits of the SHA-256 of a training ``config`` without the keys in `WHERE_AND_HOW`."""
    what = json.dumps(_without(config, WHERE_AND_HOW), sort_keys=True, default=str)
    return hashlib.sha256(what.encode()).hexdigest()[:12]


def _without(node: dict[str, Any], left_out: dict[str, Any]) -> dict[str, Any]:
    """``node`` without the keys of ``left_out`` that map to None, and likewise inside those that map to a dict."""
    kept = {key: value for key, value in node.items() if key not in left_out or left_out[key] is not None}
    return {
        key: _without(value, left_out[key]) if key in left_out and isinstance(value, dict) else value
        for key, value in kept.items()
    }


def random_weights(node: Any, path: str = "") -> list[str]:
    """Keys of a config whose ``weights`` are random: such networks exist for tests, and every result says so."""
    if not isinstance(node, dict):
        return []
    found = [f"{path}weights"] if node.get("weights") == "random" else []
    return found + [key for name, child in node.items() for key in random_weights(child, f"{path}{name}.")]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def print_table(record: dict[str, Any], console: Console | None = None) -> None:
    """Print the means of ``record`` and, for several clips, each clip's, with what they gain over bicubic."""
    caption = f"{record['dataset']} · protocol {record['protocol']} · ×{record['scale']} {record['degradation']}"
    table = Table(title=f"{record['generator']} against bicubic", caption=caption)
    for heading in ("clip", "metric", "bicubic", "SR", "change"):
        table.add_column(heading, justify="left" if heading in ("clip", "metric") else "right")
    rows = [("mean", record["baseline"]["bicubic"], record["metrics"])]
    if len(record["clips"]) > 1:
        of_bicubic = record["baseline_clips"]["bicubic"]
        rows = [(name, of_bicubic[name], scores) for name, scores in record["clips"].items()] + rows
    elif record["clips"]:
        rows = [(next(iter(record["clips"])), *rows[0][1:])]
    for name, bicubic, scores in rows:
        for metric, score in scores.items():
            table.add_row(name, *_cells(metric, bicubic[metric], score))
            name = ""
        table.add_section()
    console = console or Console()
    console.print(table)
    if record.get("random_weights"):
        console.print(f"RANDOM weights, for tests only: {', '.join(record['random_weights'])}")


def _cells(metric: str, bicubic: float, score: float) -> tuple[str, str, str, str]:
    about = METRICS[metric]
    arrow = "↑" if about.higher_is_better else "↓"
    better = (score > bicubic) == about.higher_is_better and score != bicubic
    colour = "green" if better else "red"
    digits = about.decimals
    change = f"{score - bicubic:+.{digits}f} ({(score - bicubic) / bicubic:+.1%})" if bicubic else "–"
    return f"{metric} {arrow}", f"{bicubic:.{digits}f}", f"{score:.{digits}f}", f"[{colour}]{change}[/]"
