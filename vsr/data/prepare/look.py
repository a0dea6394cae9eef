"""What a shot looks like, small: whether anything moves in it, and whether it is one that was seen before."""

from __future__ import annotations

import cv2
import numpy as np

GRID = 16
"""Cells of a thumbnail, across and down."""

STILL = 6.0
"""Grey levels that a cell's mean may change by in a static shot: what compression and noise leave of no motion."""

MOMENTS = 8
"""Thumbnails in a signature."""

UNLIKE = 6.0
"""Grey levels that the thumbnails of duplicates differ by at most, on average."""

CORRELATION = 0.95
"""Least correlation of the changes over time of duplicates."""


def thumbnails(frames: np.ndarray) -> np.ndarray:
    """Mean grey levels over a grid of each picture, whatever its size: (T, H, W, 3) uint8 -> (T, 16, 16) float32."""
    greys = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) for frame in frames)
    return np.stack([cv2.resize(grey, (GRID, GRID), interpolation=cv2.INTER_AREA) for grey in greys])


def static(thumbs: np.ndarray) -> bool:
    """Whether nothing moves in a shot: no cell of its ``thumbs`` (all of them, in order) ranges over more than 6 grey
    levels from the shot's first frame to its last."""
    return bool(np.ptp(thumbs, axis=0).max() <= STILL)


def signature(thumbs: np.ndarray) -> np.ndarray:
    """Eight thumbnails, evenly spaced from the first to the last: (8, 16, 16) uint8."""
    moments = np.linspace(0, len(thumbs) - 1, MOMENTS).round().astype(int)
    return thumbs[moments].round().astype(np.uint8)


def alike(one: np.ndarray, other: np.ndarray, still: bool = False) -> bool:
    """Whether two signatures are of the same shot, maybe encoded anew or at another size.

    They look alike: their thumbnails differ by 6 grey levels at most on average. And they move alike: the changes
    around the mean over time correlate by more than 0.95. Two takes from one camera are two shots.

    Args:
        one: a signature.
        other: another.
        still: both shots are `static`: looks decide alone.
    """
    one, other = one.astype(np.float32), other.astype(np.float32)
    if np.abs(one - other).mean() > UNLIKE:
        return False
    if still:
        return True
    one, other = one - one.mean(0), other - other.mean(0)
    return bool((one * other).sum() > CORRELATION * np.sqrt((one**2).sum() * (other**2).sum()))
