"""Where one shot ends and another begins, seen on thumbnails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

THUMBNAIL = (18, 32)  # (H, W)

LEAST_CHANGE = 1.5  # of the levels and histograms, see `scene_cuts`
OUTSTANDING = 3.0  # so many times the change between frames nearby
NEARBY = 4  # frames before and after that tell how much is moving
RETURN = 0.25  # a flash: soon after, so small a part of the change is left
FLASH = 3  # longest flash, in frames


def scene_cuts(thumbnails: Iterable[np.ndarray]) -> list[int]:
    """The frames at which another shot begins by a hard cut. Dissolves and fades are not found.

    The change between two frames is the mean absolute difference of their levels (0-255) times the total variation
    distance of their colour histograms (0-1): fast motion changes the levels but hardly the histogram, a brightness
    that drifts the histogram but hardly the levels. A cut is a change of at least 1.5 that is 3 times the second
    greatest within four frames (so that another cut may be as near), unless it is a flash: the old picture is back
    within three frames.

    Args:
        thumbnails: (18, 32, 3) uint8 RGB, one a frame.
    """
    return [t for t, begins in enumerate(shot_starts(thumbnails)) if begins]


def shot_starts(thumbnails: Iterable[np.ndarray]) -> Iterator[bool]:
    """Of each frame, whether it is one of `scene_cuts`; told as soon as the `NEARBY` frames after it are known."""
    changes: deque[list[float]] = deque(maxlen=2 * NEARBY + 1)
    undecided = 0
    for row in _changes(thumbnails):
        changes.append(row)
        undecided += 1
        if undecided > NEARBY:
            yield _is_cut(changes, undecided)
            undecided -= 1
    for left in range(undecided, 0, -1):
        yield _is_cut(changes, left)


def _changes(thumbnails: Iterable[np.ndarray]) -> Iterator[list[float]]:
    """Of each frame, its change from the frame before it, from the one before that, and so on."""
    recent: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=FLASH + 2)
    for thumbnail in thumbnails:
        frame = thumbnail.astype(np.int16), _histogram(thumbnail)
        recent.appendleft(frame)
        row = [_change(frame, earlier) for earlier in list(recent)[1:]]
        yield row + [np.inf] * (FLASH + 1 - len(row))


def _is_cut(rows: Iterable[list[float]], from_end: int) -> bool:
    """Whether the frame of the ``from_end``-th of the `_changes` ``rows``, counted from the last, begins a shot."""
    changes = np.array(list(rows), np.float32)
    t = len(changes) - from_end
    change = changes[t, 0]
    if change < LEAST_CHANGE or np.isinf(change):
        return False
    nearby = np.concatenate([changes[max(t - NEARBY, 0) : t, 0], changes[t + 1 : t + 1 + NEARBY, 0]])
    nearby = nearby[np.isfinite(nearby)]  # the first frame has changed from none
    if len(nearby) > 1 and change < OUTSTANDING * np.partition(nearby, -2)[-2]:
        return False
    back = [changes[t + later, later] for later in range(1, FLASH + 1) if t + later < len(changes)]  # from frame t-1
    return bool(min([*back, *changes[t, 1:]]) > RETURN * change)


def _histogram(thumbnail: np.ndarray) -> np.ndarray:
    """Share of red, green and blue in each of 9 ranges, (27,), that overlap. A level between the middles of two
    ranges counts in both: a slow change of brightness must not leap from one to the other."""
    channel = np.broadcast_to(np.arange(3) * 9, thumbnail.shape)
    place, beyond = np.divmod(thumbnail.astype(np.int64), 32)
    place, beyond = (place + channel).ravel(), beyond.ravel() / 32
    counts = np.bincount(place, 1 - beyond, 27) + np.bincount(place + 1, beyond, 27)
    return counts / thumbnail.size


def _change(here: tuple[np.ndarray, np.ndarray], there: tuple[np.ndarray, np.ndarray]) -> float:
    levels, colours = (np.abs(one - other) for one, other in zip(here, there, strict=True))
    return float(levels.mean() * colours.sum() / 2)
