"""Pixel loss: how far each sample is from its original. Minimised alone it gives the blur of the mean."""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.errors import choose
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm

DISTANCES = ("l1", "mse", "charbonnier")


def pixel_distance(sr: Tensor, hr: Tensor, distance: str, epsilon: float = 1e-12) -> Tensor:
    """Mean over all elements of |d| (l1), d² (mse) or √(d² + ε) (charbonnier), with d = SR − HR."""
    difference = sr.float() - hr.float()
    if distance == "l1":
        return difference.abs().mean()
    if distance == "mse":
        return difference.square().mean()
    return torch.sqrt(difference.square() + epsilon).mean()


class PixelLoss(LossTerm):
    """Charbonnier, L1 or mean squared error of pixels in [0, 1]. Range: [0, 1] for images in range.

    Charbonnier is the smooth L1 of Lai et al. 2017 (LapSRN), used by BasicVSR with ε = 1e-12 inside the root.

    Args:
        distance: ``l1``, ``mse`` or ``charbonnier``.
        epsilon: under charbonnier's root, in squared pixel units; rounds the corner at 0.

    Raises:
        UserError: another distance.
    """

    def __init__(self, distance: str = "charbonnier", epsilon: float = 1e-12) -> None:
        self.distance = choose("loss.pixel.distance", distance, DISTANCES)
        self.epsilon = epsilon

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean distance of all samples of SR and HR."""
        return pixel_distance(comparison.sr, comparison.hr, self.distance, self.epsilon)
