"""Distance of VGG16 features: the perceptual loss of Johnson et al. (ECCV 2016), as a metric."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vsr.metrics.bands import mean_over_pixels

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def vgg_distance(sr: Mapping[str, Tensor], hr: Mapping[str, Tensor]) -> Tensor:
    """Σ_l ||φ_l(SR) − φ_l(HR)||² / (C_l H_l W_l) over `LAYERS` of VGG16, of each frame.

    Args:
        sr: features (N, C', H', W') by layer.
        hr: likewise.

    Returns:
        (N,) in float32.
    """
    return torch.stack([mean_over_pixels(_squared_distance, sr[layer], hr[layer]) for layer in LAYERS]).sum(0)


def _squared_distance(x: Tensor, y: Tensor) -> Tensor:
    return (x.float() - y.float()).square().mean(1)
