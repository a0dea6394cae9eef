"""Scores frame by frame and clip by clip, for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vsr.inference.cost import Cost
from vsr.inference.evaluator import ClipResult
from vsr.whole_file import whole_file


def write_frames(path: Path, results: Sequence[ClipResult]) -> None:
    """A line a clip, generator and frame, with every metric; empty where a frame has no value, as the first of tOF."""
    rows = (
        {"clip": result.name, "generator": generator, "frame": frame}
        | {metric: values[place] for metric, values in scores.values.items()}
        for result in results
        for generator, scores in result.scores.items()
        for place, frame in enumerate(scores.frames)
    )
    _write(path, rows, ["clip", "generator", "frame", *_metrics(results)])


def write_clips(path: Path, results: Sequence[ClipResult], costs: Mapping[str, Sequence[Cost]]) -> None:
    """A line a clip and generator, with the mean of every metric over its frames and what super-resolving it cost.

    Args:
        path: the file.
        results: of the clips.
        costs: of each generator, in the order of ``results``.
    """
    rows = (
        {"clip": result.name, "generator": generator, "frames": len(scores.frames)}
        | scores.means
        | (_of_cost(costs[generator][place]) if generator in costs else {})
        for place, result in enumerate(results)
        for generator, scores in result.scores.items()
    )
    names = ["lr_width", "lr_height", "seconds_per_frame", "peak_memory_bytes"]
    _write(path, rows, ["clip", "generator", "frames", *_metrics(results), *names])


def _of_cost(cost: Cost) -> dict[str, float]:
    width, height = cost.size
    return {
        "lr_width": width,
        "lr_height": height,
        "seconds_per_frame": cost.seconds_per_frame,
        "peak_memory_bytes": cost.memory,
    }


def _metrics(results: Sequence[ClipResult]) -> list[str]:
    return list(next(iter(results[0].scores.values())).values) if results else []


def _write(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
