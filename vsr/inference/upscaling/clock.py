"""A file's clock: where it begins, and where it is set back, as in recordings that were put one after another."""

from __future__ import annotations

from fractions import Fraction

BACK = 0.5  # seconds; times that go back by less are out of order, no more


class Clock:
    """What to add to a file's times. Who reads the pictures says where they go back; who copies the sound, whose times
    go back at the same places, asks.

    Args:
        start: seconds in the file at which the video's time 0 is.
    """

    def __init__(self, start: Fraction = Fraction(0)) -> None:
        self._shifts = [-start]

    @property
    def settings(self) -> int:
        """How often it has been set back until now."""
        return len(self._shifts) - 1

    def set_back(self, by: Fraction) -> None:
        """From here on times are less by so many seconds."""
        self._shifts.append(self._shifts[-1] + by)

    def shift(self, settings: int) -> Fraction:
        """Seconds to add where it has been set back so often."""
        return self._shifts[min(settings, self.settings)]
