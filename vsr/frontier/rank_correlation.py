"""Whether a loss weight moves a metric at all, and which way."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import spearmanr

from vsr.frontier.axes import Axis
from vsr.frontier.point import Point


def varied_weights(points: Sequence[Point]) -> list[str]:
    """Names of the λ that are not the same in all trained ones of ``points``; the one with most values first, and of
    equals that of the adversarial term."""
    known = [point.weights for point in points if point.curve is None and point.weights is not None]
    names = dict.fromkeys(name for weights in known for name in weights)
    values = {name: len({weights.get(name, 0.0) for weights in known}) for name in names}
    varied = [name for name in names if values[name] > 1]
    return sorted(varied, key=lambda name: (-values[name], name != "adversarial"))


def spearman(points: Sequence[Point], axes: Sequence[Axis]) -> dict[str, dict[str, float]]:
    """Spearman's ρ between each λ that varies and each axis, over the trained ones of ``points``.

    Of the metric's own value: PSNR that falls as λ grows gives -1. Where several λ vary, each is taken by itself, over
    all values of the others. Empty for fewer than three points; a metric that is the same in all has none.
    """
    known = [point for point in points if point.curve is None and point.weights is not None]
    if len(known) < 3:
        return {}
    found: dict[str, dict[str, float]] = {}
    for name in varied_weights(known):
        weights = [(point.weights or {}).get(name, 0.0) for point in known]
        of_axes = {each.metric: [point.values[each.metric] for point in known] for each in axes}
        found[name] = {
            metric: float(spearmanr(weights, values).statistic)
            for metric, values in of_axes.items()
            if len(set(values)) > 1
        }
    return found
