"""What is refused before the first job of a sweep begins, lest every job fail for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from vsr.errors import UserError, choose


def check_job(config: Mapping[str, Any], axes: Mapping[str, str]) -> None:
    """Refuse what no job could begin with or be scored by.

    Args:
        config: of a job, resolved.
        axes: of the frontier, as in `check_axes`.

    Raises:
        UserError: as `check_axes`, or a metric, the protocol or ``init_from`` is not to be had.
    """
    from vsr.metrics import protocol_named  # here: it takes torch
    from vsr.metrics.table import METRICS

    metrics = config["metrics"]
    for metric in [metrics] if isinstance(metrics, str) else metrics:
        choose("metric", metric, METRICS)
    protocol_named(config["protocol"])
    check_axes(axes, metrics)
    if config.get("init_from"):
        _check_start(config["init_from"])


@lru_cache(maxsize=8)
def _check_start(source: str) -> None:
    from vsr.generators.load import read_weights

    read_weights(source)


def check_axes(axes: Mapping[str, str], metrics: Sequence[str]) -> None:
    """Refuse, before anything is trained, a frontier that there would be no scores for.

    Args:
        axes: metrics by ``x``, ``y`` and ``z``; none of them: no frontier is wanted.
        metrics: that a job scores.

    Raises:
        UserError: an axis is no metric or is not scored, or there are not two or three different ones.
    """
    from vsr.metrics.table import METRICS  # here: it takes torch

    for name, metric in axes.items():
        choose(f"frontier.{name}", metric, METRICS)
        if metric not in metrics:
            raise UserError(f"frontier.{name}={metric} is not scored; add it to metrics=[{','.join(metrics)}]")
    if axes and (len(axes) < 2 or len(set(axes.values())) < len(axes)):
        typed = " ".join(f"frontier.{name}={metric}" for name, metric in axes.items())
        raise UserError(f"{typed}: expected two or three different metrics")
