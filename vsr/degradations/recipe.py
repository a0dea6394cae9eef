"""Recipes: the plain values by which a degradation says how it makes LR, and in which two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vsr.degradations.blur_subsample import SCALES
from vsr.errors import choose

Recipe = Mapping[str, Any]

PUBLISHED = ("bicubic", *(f"blur_subsample_{variant}" for variant in SCALES))


def published(key: str, name: str, scale: int) -> dict[str, Any]:
    """The recipe of LR that comes in files: ``name`` is one of `PUBLISHED`, and pictures have 8 bits.

    Args:
        key: of the configuration, for the message.
        name: what made it.
        scale: HR side over LR side.

    Raises:
        UserError: unknown name.
    """
    return {"name": choose(key, name, PUBLISHED), "scale": scale, "quantise": True}


def differences(one: Recipe, other: Recipe) -> dict[str, tuple[Any, Any]]:
    """Both values under each key, dotted where recipes nest, that the two do not share; None where one lacks it.

    A list and a tuple of the same numbers are alike, and so are 1 and 1.0.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for key in dict.fromkeys([*one, *other]):
        ours, theirs = one.get(key), other.get(key)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found |= {f"{key}.{inner}": values for inner, values in differences(ours, theirs).items()}
        elif _comparable(ours) != _comparable(theirs):
            found[key] = (ours, theirs)
    return found


def _comparable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_comparable, value))
    return {key: _comparable(part) for key, part in value.items()} if isinstance(value, Mapping) else value
