"""Which pictures of a clip were kept with its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

VERSIONS = ("bicubic", "sr", "hr")


class Place(NamedTuple):
    """Number of a frame, and the square in it."""

    frame: int
    top: int
    left: int
    side: int


@dataclass(frozen=True)
class Kept:
    """What there is to see of a clip; paths are relative to the folder of its ``results.json``.

    Args:
        place: the frame that the stills show, and the part of it that moves.
        fps: of what moves.
        stills: whole frames, by the name in `VERSIONS`.
        moving: animated pictures of the part, likewise.
    """

    place: Place
    fps: float
    stills: Mapping[str, str]
    moving: Mapping[str, str]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Kept:
        """What ``results.json`` says of a clip; raises KeyError, TypeError or ValueError if it is not laid out so."""
        frame, crop = record["frame"], record["crop"]
        place = Place(*(int(value) for value in (frame, crop["top"], crop["left"], crop["side"])))
        stills, moving = ({name: str(record[kind][name]) for name in VERSIONS} for kind in ("stills", "moving"))
        return cls(place, float(record["fps"]), stills, moving)
