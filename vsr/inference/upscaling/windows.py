"""A long shot in windows that overlap, for generators that must see a clip at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def windows(frames: Iterable[Item], length: int, before: int, after: int) -> Iterator[tuple[list[Item], slice]]:
    """Runs of at most ``length`` frames, and which of each run count: together every frame once.

    What counts has ``before`` frames in front of it and ``after`` behind it that are only there to be seen, where the
    shot has them.

    Raises:
        ValueError: nothing of a window would count.
    """
    if length <= before + after:
        raise ValueError(f"length={length} must be more than before={before} and after={after} together")
    held: list[Item] = []
    first = 0  # of ``held``, the first frame that has not counted yet
    for frame in frames:
        if len(held) == length:  # and the shot goes on
            yield held, slice(first, length - after)
            held, first = held[length - before - after :], before
        held.append(frame)
    if held:
        yield held, slice(first, len(held))
