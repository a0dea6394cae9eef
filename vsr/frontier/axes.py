"""Axes: which metric, which way is better, and what it measures, by its honest name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vsr.errors import UserError, nearest
from vsr.metrics.table import METRICS, Metric

DISTORTION = "distortion"
FEATURES = "distortion in feature space"
PERCEPTION = "perception (distribution distance)"
TIME = "consistency over time"


@dataclass(frozen=True)
class Axis:
    """One axis of the plane.

    Args:
        metric: key of the scores.
        title: how it is typeset, with its unit.
        kind: what it measures; one of the constants of this module, or any other phrase.
        higher_is_better: the direction.
        decimals: how many to print.
    """

    metric: str
    title: str
    kind: str
    higher_is_better: bool
    decimals: int = 4

    @property
    def label(self) -> str:
        """Title and what it measures, with an arrow up where more is better."""
        return f"{self.title} {'↑' if self.higher_is_better else '↓'} · {self.kind}"

    @property
    def sign(self) -> float:
        """What a value is multiplied by so that less is better."""
        return -1.0 if self.higher_is_better else 1.0

    def text(self, value: float) -> str:
        """``value`` as it is printed."""
        return f"{value:.{self.decimals}f}"


def axis(metric: str, held: Iterable[str] = METRICS) -> Axis:
    """The axis of a ``metric`` of the table.

    Args:
        metric: its name.
        held: the metrics that there are values of.

    Raises:
        UserError: there are none of ``metric``.
    """
    held = [name for name in METRICS if name in set(held)]
    if metric not in held:
        known = "is not in these results" if metric in METRICS else "is no metric"
        raise UserError(f"'{metric}' {known}.{nearest(metric, held)}")
    row = METRICS[metric]
    title = f"{row.title} ({row.unit})" if row.unit else row.title
    return Axis(metric, title, _kind(row), row.higher_is_better, row.decimals)


def _kind(metric: Metric) -> str:
    """LPIPS and its like need the very original: by Blau & Michaeli (2018) they are distortions, of features.
    Perception is how far the law of SR is from that of real clips, without asking which clip each should be."""
    if not metric.full_reference:
        return PERCEPTION
    return {"distortion": DISTORTION, "perception": FEATURES, "time": TIME}[metric.family]
