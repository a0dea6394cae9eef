"""Finds shots that were seen before."""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict

import numpy as np

from vsr.data.prepare.look import GRID, MOMENTS, alike
from vsr.data.store.index import Shot

LENGTH_TOLERANCE = 0.02
"""Share of its frames by which the copy of a shot may be longer or shorter; one frame always."""


class Seen:
    """The shots of a store, by what they show.

    A duplicate has the same pixels, or about the same length and a like signature (`vsr.data.prepare.look.alike`), as
    a copy that was encoded anew, at another quality or size, has. A shot that is a part of another is not found, nor
    one that is mirrored, or cropped, or played at another rate.
    """

    def __init__(self) -> None:
        self._by_hash: dict[str, Shot] = {}
        self._by_length: dict[int, list[tuple[Shot, np.ndarray]]] = defaultdict(list)

    def add(self, shot: Shot) -> None:
        """Remember a stored shot."""
        self._by_hash.setdefault(str(shot.sha256), shot)
        self._by_length[shot.frames].append((shot, _signature(shot)))

    def remove(self, shot: Shot) -> None:
        """Forget one that is no longer stored."""
        if self._by_hash.get(str(shot.sha256)) == shot:
            del self._by_hash[str(shot.sha256)]
        others = self._by_length[shot.frames]
        others[:] = [entry for entry in others if entry[0] != shot]

    def original(self, shot: Shot) -> Shot | None:
        """The shot that this one is a duplicate of."""
        if same := self._by_hash.get(str(shot.sha256)):
            return same
        seen, slack = _signature(shot), max(1, int(LENGTH_TOLERANCE * shot.frames))
        for length in range(shot.frames - slack, shot.frames + slack + 1):
            for other, looks in self._by_length.get(length, ()):
                if alike(seen, looks, still=bool(shot.static and other.static)):
                    return other
        return None


def better(one: Shot, other: Shot) -> bool:
    """Whether ``one`` of two duplicates is to be kept: it has more pixels or, of as many, more frames."""
    return (one.height * one.width, one.frames) > (other.height * other.width, other.frames)


def _signature(shot: Shot) -> np.ndarray:
    return np.frombuffer(b64decode(str(shot.signature)), np.uint8).reshape(MOMENTS, GRID, GRID)
