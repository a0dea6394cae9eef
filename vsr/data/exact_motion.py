"""Known motion between consecutive frames, and how it changes when the frames are cropped."""

from typing import NamedTuple

import numpy as np

# Positions are computed in double precision: a pixel that lands on the border itself is still inside.
_BORDER_TOLERANCE = 1e-6


class ExactMotion(NamedTuple):
    """Motion between frames t and t+1, for t = 0 .. T-2. Flow is (dx, dy) in pixels, float32; occlusion is bool.

    A pixel is occluded in the other frame when its point of the scene is hidden there or lies outside the picture.
    """

    flow_to_next: np.ndarray  # (T-1, 2, H, W), on the grid of frame t
    flow_to_previous: np.ndarray  # (T-1, 2, H, W), on the grid of frame t+1
    occluded_in_next: np.ndarray  # (T-1, 1, H, W), on the grid of frame t
    occluded_in_previous: np.ndarray  # (T-1, 1, H, W), on the grid of frame t+1

    def crop(self, top: int, left: int, size: int) -> "ExactMotion":
        """The motion inside a square window; a pixel that moves out of the window counts as occluded."""
        window = (..., slice(top, top + size), slice(left, left + size))
        to_next, to_previous, in_next, in_previous = (array[window] for array in self)
        return ExactMotion(
            to_next, to_previous, in_next | leaves_window(to_next), in_previous | leaves_window(to_previous)
        )


def leaves_window(flow: np.ndarray) -> np.ndarray:
    """Where ``p + flow[p]`` leaves the window of the pixel centres. (..., 2, H, W) -> bool (..., 1, H, W)."""
    height, width = flow.shape[-2:]
    x = np.arange(width) + flow[..., 0, :, :]
    y = np.arange(height)[:, None] + flow[..., 1, :, :]
    low, high = -_BORDER_TOLERANCE, _BORDER_TOLERANCE
    outside = (x < low) | (x > width - 1 + high) | (y < low) | (y > height - 1 + high)
    return outside[..., None, :, :]
