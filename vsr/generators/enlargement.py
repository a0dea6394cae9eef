"""Enlarging by fixed interpolation, to which a generator adds what it knows better."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CornerBicubic(nn.Module):
    """Bicubic enlargement (Keys 1981, a = -0.75) for LR whose pixels are every ``scale``-th of HR, beginning with the
    first: output i lies at i / scale, and not, as for LR made by resizing, half a pixel aside. Borders are repeated.

    Args:
        scale: side of the output over that of the input.
    """

    kernels: Tensor

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        # A buffer because the published files hold it: (scale, 4), of each phase the weights of its four neighbours.
        fraction = torch.arange(scale) / scale
        distance = torch.stack([fraction + 1, fraction, 1 - fraction, 2 - fraction], dim=1)
        self.register_buffer("kernels", _keys(distance, a=-0.75))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, scale*h, scale*w)."""
        N, C, _, _ = x.shape
        single = F.pad(x.flatten(0, 1)[:, None], (1, 2, 1, 2), mode="replicate")
        weights = torch.einsum("ai,bj->abij", self.kernels, self.kernels).flatten(0, 1)[:, None]
        return F.pixel_shuffle(F.conv2d(single, weights.to(x.dtype)), self.scale)[:, 0].unflatten(0, (N, C))


def _keys(distance: Tensor, a: float) -> Tensor:
    """Weight of a neighbour at ``distance``, in [0, 2]."""
    near = ((a + 2) * distance - (a + 3)) * distance.square() + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return torch.where(distance <= 1, near, far)
