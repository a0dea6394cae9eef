"""Flips, transposition and time reversal of a crop, and of its motion."""

from dataclasses import dataclass

import numpy as np

from vsr.data.exact_motion import ExactMotion


@dataclass(frozen=True)
class Augmentation:
    """What is done to one crop, in this order: mirror left-right, mirror top-bottom, swap rows and columns, play
    backwards."""

    mirror_x: bool = False
    mirror_y: bool = False
    transpose: bool = False
    reverse: bool = False

    def motion(self, motion: ExactMotion) -> ExactMotion:
        """The motion of the augmented frames: vectors turn with the grid; backwards, next and previous change
        places."""
        to_next, to_previous = (self._vectors(self._on_grid(flow)) for flow in motion[:2])
        in_next, in_previous = (self._on_grid(occluded) for occluded in motion[2:])
        if self.reverse:
            return ExactMotion(to_previous[::-1], to_next[::-1], in_previous[::-1], in_next[::-1])
        return ExactMotion(to_next, to_previous, in_next, in_previous)

    def _on_grid(self, array: np.ndarray) -> np.ndarray:
        if self.mirror_x:
            array = array[..., ::-1]
        if self.mirror_y:
            array = array[..., ::-1, :]
        return array.swapaxes(-1, -2) if self.transpose else array

    def _vectors(self, flow: np.ndarray) -> np.ndarray:
        sign = np.array([-1 if self.mirror_x else 1, -1 if self.mirror_y else 1], flow.dtype)
        flow = flow * sign[:, None, None]
        return flow[:, ::-1] if self.transpose else flow
