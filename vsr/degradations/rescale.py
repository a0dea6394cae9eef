"""Resizing a clip by a random factor, without antialiasing: what aliases is part of the degradation."""

from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor

from vsr.degradations.draw import Range, check_weights, pick
from vsr.errors import UserError

METHODS = ("area", "bilinear", "bicubic")


def resize(clip: Tensor, size: tuple[int, int], method: str) -> Tensor:
    """(T, C, H, W) -> (T, C, *size) float32 by ``area`` (means over source boxes), ``bilinear`` or ``bicubic``
    (a = -0.75) interpolation, pixel centres aligned as in OpenCV. ``bicubic`` overshoots."""
    if clip.shape[-2:] == size:
        return clip.float()
    return F.interpolate(clip.float(), size, mode=method, align_corners=None if method == "area" else False)


class Rescale:
    """Resizes by a factor drawn for the clip: its frames keep one size.

    Args:
        factor: ``[smallest, largest]``, below and above 1.
        directions: weights of ``up`` (factors from 1 on), ``down`` (up to 1) and ``keep``.
        methods: weights of ``area``, ``bilinear`` and ``bicubic``.

    Raises:
        UserError: a value out of range.
    """

    def __init__(self, factor: Sequence[float], directions: Mapping[str, float], methods: Mapping[str, float]) -> None:
        extent = Range.parse("rescale.factor", factor, 0.01, 16)
        if not extent.low <= 1 <= extent.high:
            raise UserError(f"rescale.factor={list(factor)}: expected [smallest, largest] with 1 between them")
        self.factors = {"up": Range(1.0, extent.high), "down": Range(extent.low, 1.0), "keep": Range(1.0, 1.0)}
        self.directions = check_weights("rescale.directions", directions, tuple(self.factors))
        self.methods = check_weights("rescale.methods", methods, METHODS)

    def __call__(self, clip: Tensor) -> Tensor:
        """(T, 3, H, W) -> (T, 3, h, w) float32, h and w even."""
        factor = self.factors[pick(self.directions)].draw()
        height, width = (max(2, 2 * int(side * factor / 2)) for side in clip.shape[-2:])
        return resize(clip, (height, width), pick(self.methods))
