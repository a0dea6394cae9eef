"""What flows through an upscaling, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from vsr.inference.upscaling.clock import Clock
from vsr.inference.upscaling.colour import Colour


class Frame(NamedTuple):
    """One picture (H, W, 3), uint8 RGB as displayed, and when and how long it is shown, in units of its source."""

    picture: np.ndarray
    time: int
    duration: int


@dataclass(frozen=True)
class About:
    """What a video is beside its frames.

    Args:
        size: (H, W) as displayed.
        time_base: seconds in one unit of time.
        rate: mean frames a second.
        colour: of the numbers in the file.
        aspect: width of a pixel over its height.
        sound: a file whose sound belongs to it, or None.
        clock: of that file.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    colour: Colour
    aspect: Fraction = Fraction(1)
    sound: Path | None = None
    clock: Clock = field(default_factory=Clock, compare=False)


class Source(Protocol):
    """A video that is read once, from its beginning to its end."""

    name: str
    about: About
    expected: int | None
    """How many frames it says it has."""

    def frames(self) -> Iterator[Frame]:
        """Its frames, times ascending from 0 or later.

        Raises:
            UserError: they cannot be read on.
        """
        ...
