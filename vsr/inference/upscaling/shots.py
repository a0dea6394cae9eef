"""A stream of frames, shot by shot."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import cv2
import numpy as np

from vsr.data.files.scene_cuts import THUMBNAIL, shot_starts


def shots(pictures: Iterable[np.ndarray]) -> Iterator[Iterator[np.ndarray]]:
    """The (H, W, 3) uint8 ``pictures`` of each shot. A shot must be read to its end before the next; the few pictures
    that `shot_starts` looks ahead are all that is held."""
    for _, numbered in groupby(_numbered(pictures), key=itemgetter(0)):
        yield (picture for _, picture in numbered)


def _numbered(pictures: Iterable[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Each picture after the number of its shot."""
    waiting: deque[np.ndarray] = deque()

    def thumbnails() -> Iterator[np.ndarray]:
        for picture in pictures:
            waiting.append(picture)
            yield cv2.resize(np.ascontiguousarray(picture), THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)

    shot = 0
    for begins in shot_starts(thumbnails()):
        shot += begins
        yield shot, waiting.popleft()
