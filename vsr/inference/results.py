"""``results.json``: the scores of one run or checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vsr.inference.evaluator import ClipResult
from vsr.metrics import ClipScorer, SetScores, bootstrap
from vsr.results_layout import BICUBIC, SCHEMA
from vsr.whole_file import whole_file

WHERE_AND_HOW: dict[str, Any] = {
    **dict.fromkeys(("output_dir", "resume", "logger", "callbacks", "compile", "memory", "frontier")),
    "trainer": dict.fromkeys(("accelerator", "devices", "num_nodes", "strategy")),
    "data": {"workers": None},
    "generator": {"memory": None},
}
"""Keys of a training config that say where and how it runs and is shown, not what is trained."""


def results_record(
    generator: str, results: Sequence[ClipResult], over_clips: Mapping[str, SetScores], about: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of ``results.json``: ``about`` (data set, protocol, generator, λ …), the set, the clips and bicubic.

    Args:
        generator: the name under which it was scored.
        results: of the clips.
        over_clips: of the set, `BICUBIC` among them.
        about: what else is to be said.
    """
    clips = {name: {result.name: result.scores[name].means for result in results} for name in (generator, BICUBIC)}
    of_set = {name: over_clips[name].values if results else {} for name in clips}
    return {
        "schema": SCHEMA,
        **about,
        "metrics": of_set[generator],
        "refused": over_clips[generator].refused,
        "intervals": _intervals(clips[generator], clips[BICUBIC]),
        "clips": clips[generator],
        "frames": {result.name: len(result.scores[generator].frames) for result in results},
        "baseline": {BICUBIC: of_set[BICUBIC]},
        "baseline_clips": {BICUBIC: clips[BICUBIC]},
    }


def media_record(generator: str, results: Sequence[ClipResult], folder: Path) -> dict[str, Any] | None:
    """Where pictures and videos of the clips are, by clip; None where none were kept.

    Args:
        generator: the name under which it was scored.
        results: of the clips.
        folder: of ``results.json``, to which paths are relative.
    """
    return {result.name: result.media.record(generator, folder) for result in results if result.media} or None


def _intervals(clips: Mapping[str, Any], bicubic: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of the means over clips; None for one clip, of which nothing can be said."""
    if len(clips) < 2:
        return None
    return {
        "level": bootstrap.LEVEL,
        "draws": bootstrap.DRAWS,
        "seed": bootstrap.SEED,
        "metrics": _interval(clips),
        "baseline": {BICUBIC: _interval(bicubic)},
    }


def _interval(clips: Mapping[str, Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: list(ends) for name, ends in bootstrap.intervals(list(clips.values())).items()}


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


def random_weights(config: Any, scorer: ClipScorer) -> list[str]:
    """Where in a training ``config`` or in the metrics weights are random: such networks exist for tests, and every
    result says so."""
    return _random_keys(config) + (["metrics"] if scorer.weights == "random" else [])


def _random_keys(node: Any, path: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    found = [f"{path}weights"] if node.get("weights") == "random" else []
    return found + [key for name, child in node.items() for key in _random_keys(child, f"{path}{name}.")]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
