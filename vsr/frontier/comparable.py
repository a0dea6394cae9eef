"""Refusing to plot together what was not scored alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vsr.errors import UserError
from vsr.frontier.point import Setting, Values
from vsr.frontier.record import Scored

KEYS = ("dataset", "protocol", "scale", "degradation")
"""Names in `Setting` by which files can be chosen."""

_ROUNDING = 0.01  # relative; devices and versions of libraries round differently


def refuse_mixed(found: Sequence[Scored]) -> None:
    """Check that all were scored alike.

    Raises:
        UserError: two differ; names both files, in what they differ, and how to choose.
    """
    first = found[0]
    for other in found[1:]:
        difference = _of_settings(first.setting, other.setting) or _of_bicubic(
            first.point.bicubic, other.point.bicubic
        )
        if difference:
            raise UserError(f"{first.point.results} and {other.point.results} do not compare: {difference}")


def _of_settings(one: Setting, other: Setting) -> str | None:
    for key in KEYS:
        ours, theirs = getattr(one, key), getattr(other, key)
        if ours != theirs:
            return f"{key} is {ours} in the one and {theirs} in the other. Choose with --only {key}={ours}"
    clips = one.frames.keys() ^ other.frames.keys()
    if clips:
        return f"only one of them is of {', '.join(sorted(clips))}. Give folders that are of the same clips"
    for clip, frames in one.frames.items():
        if None not in (frames, other.frames[clip]) and frames != other.frames[clip]:
            return f"{frames} and {other.frames[clip]} frames of {clip} were scored. Score one of them anew"
    if one.random_weights != other.random_weights:
        return f"the {'first' if one.random_weights else 'second'} is of random weights, for tests only. Leave it out"
    return None


def _of_bicubic(one: Values, other: Values) -> str | None:
    """Bicubic's scores tell of data, degradations and metrics that changed under one name."""
    for metric in one.keys() & other.keys():
        if not math.isclose(one[metric], other[metric], rel_tol=_ROUNDING, abs_tol=1e-6):
            values = f"{one[metric]:g} and {other[metric]:g}"
            return f"bicubic's {metric} is {values}, so data or degradation changed. Score one of them anew"
    return None
