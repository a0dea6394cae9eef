"""Refusing to plot together what was not scored alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vsr.errors import UserError
from vsr.frontier.point import Setting, Values
from vsr.frontier.record import Scored
from vsr.metrics.table import METRICS

KEYS = ("dataset", "protocol", "scale", "degradation")
"""Names in `Setting` by which files can be chosen."""

_ROUNDING = 0.01  # relative; devices and versions of libraries round differently
_ROUNDING_OF_DECIBELS = 1e-3  # of which a whole frontier may span less than a hundredth


def refuse_mixed(found: Sequence[Scored]) -> None:
    """Check that all were scored alike.

    What a file does not say, such as the frames of a clip or bicubic's score in a metric, is not compared.

    Raises:
        UserError: two differ; names both files, in what they differ, and how to choose.
    """
    for other in found[1:]:
        _refuse(found[0], other, _of_settings(found[0].setting, other.setting))
    for clip in found[0].setting.frames:
        told = [scored for scored in found if scored.setting.frames[clip] is not None]
        for other in told[1:]:
            _refuse(told[0], other, _of_frames(clip, told[0].setting, other.setting))
    for metric in dict.fromkeys(metric for scored in found for metric in scored.point.bicubic):
        told = [scored for scored in found if metric in scored.point.bicubic]
        for other in told[1:]:
            _refuse(told[0], other, _of_bicubic(metric, told[0].point.bicubic, other.point.bicubic))


def _refuse(one: Scored, other: Scored, difference: str | None) -> None:
    if difference:
        raise UserError(f"{one.point.results} and {other.point.results} do not compare: {difference}")


def _of_settings(one: Setting, other: Setting) -> str | None:
    for key in KEYS:
        ours, theirs = getattr(one, key), getattr(other, key)
        if ours != theirs:
            return f"{key} is {ours} in the one and {theirs} in the other. Choose with --only {key}={ours}"
    clips = one.frames.keys() ^ other.frames.keys()
    if clips:
        return f"only one of them is of {', '.join(sorted(clips))}. Give folders that are of the same clips"
    if one.random_weights != other.random_weights:
        return f"the {'first' if one.random_weights else 'second'} is of random weights, for tests only. Leave it out"
    return None


def _of_frames(clip: str, one: Setting, other: Setting) -> str | None:
    ours, theirs = one.frames[clip], other.frames[clip]
    return f"{ours} and {theirs} frames of {clip} were scored. Score one of them anew" if ours != theirs else None


def _of_bicubic(metric: str, one: Values, other: Values) -> str | None:
    """Bicubic's scores tell of data, degradations and metrics that changed under one name."""
    rounding = _ROUNDING_OF_DECIBELS if metric in METRICS and METRICS[metric].unit == "dB" else _ROUNDING
    if math.isclose(one[metric], other[metric], rel_tol=rounding, abs_tol=1e-6):
        return None
    values = f"{one[metric]:g} and {other[metric]:g}"
    return f"bicubic's {metric} is {values}, so data or degradation changed. Score one of them anew"
