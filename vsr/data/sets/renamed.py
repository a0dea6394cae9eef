"""A clip under another name."""

from __future__ import annotations

import copy
from typing import TypeVar

AnyClip = TypeVar("AnyClip")


def renamed(clip: AnyClip, name: str) -> AnyClip:
    """``clip``, called ``name``."""
    other = copy.copy(clip)
    other.name = name  # type: ignore[attr-defined]
    return other
