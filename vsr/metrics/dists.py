"""DISTS (Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity", TPAMI 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.features import FrozenFeatures
from vsr.metrics.bands import bands

START = "relu1_2"
"""The layer of VGG16 up to which DISTS runs the very network that others run."""

_CHANNELS = (3, 64, 128, 256, 512, 512)
_C1 = _C2 = 1e-6


class DistsWeights(NamedTuple):
    """α and β of each stage, each ``(C,)``; all together they add up to 1."""

    alpha: tuple[Tensor, ...]
    beta: tuple[Tensor, ...]


def dists_stages(network: FrozenFeatures, frames: Tensor, start: Tensor) -> list[Tensor]:
    """What DISTS compares: the frames, and VGG16 after each block, every pooling replaced by `l2_pool`.

    Args:
        network: VGG16.
        frames: (N, 3, H, W) in [0, 1], at the size they have; the authors' script makes large pictures smaller first.
        start: the network's features of them at `START`.
    """
    stages, x = [frames], start
    for module in network.beyond(START):
        if isinstance(module, nn.MaxPool2d):
            stages.append(x)
            x = l2_pool(x)
        else:
            x = x.relu_() if isinstance(module, nn.ReLU) else module(x)  # of a convolution: nobody else holds it
    return [*stages, x]


def l2_pool(x: Tensor) -> Tensor:
    """√(g ∗ x²) at every second pixel, g the 3x3 Hann window."""
    window = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype, device=x.device)
    kernel = torch.outer(window, window).expand(x.shape[1], 1, 3, 3)
    return (F.conv2d(x.square(), kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()


def dists_distance(sr: Sequence[Tensor], hr: Sequence[Tensor], weights: DistsWeights) -> Tensor:
    """1 − Σ_c [α_c (2 μ μ' + c1) / (μ² + μ'² + c1) + β_c (2 σ_ + c2) / (σ² + σ'² + c2)] over the channels of all
    stages, with mean μ, variance σ² and covariance σ_ of a channel over the whole frame.

    Args:
        sr: stages (N, C, H', W').
        hr: likewise.
        weights: α and β.

    Returns:
        (N,) in float32.
    """
    similarity = torch.zeros(len(sr[0]), device=sr[0].device)
    for x, y, alpha, beta in zip(sr, hr, *weights, strict=True):
        x, y = x.float(), y.float()
        mean_x, mean_y = x.mean((2, 3)), y.mean((2, 3))
        variances, covariance = _second_moments(x, y, mean_x[..., None, None], mean_y[..., None, None])
        texture = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
        structure = (2 * covariance + _C2) / (variances + _C2)
        similarity = similarity + (texture * alpha.to(x.device) + structure * beta.to(x.device)).sum(1)
    return 1 - similarity


def _second_moments(x: Tensor, y: Tensor, mean_x: Tensor, mean_y: Tensor) -> tuple[Tensor, Tensor]:
    """σ² + σ'² and the covariance, (N, C) each."""
    sums = torch.zeros(2, *x.shape[:2], device=x.device)
    for some_x, some_y in bands(x, y):
        some_x, some_y = some_x - mean_x, some_y - mean_y
        sums[1] += (some_x * some_y).sum((2, 3))
        sums[0] += some_x.square_().sum((2, 3)) + some_y.square_().sum((2, 3))
    variances, covariance = sums / (x.shape[2] * x.shape[3])
    return variances, covariance


def read_dists_weights() -> DistsWeights:
    """The authors' α and β, which torchmetrics ships."""
    source = resources.files("torchmetrics") / "functional/image/dists_models/weights.pt"
    with torch.inference_mode(False), resources.as_file(source) as path:
        state = torch.load(path, map_location="cpu", weights_only=True)
        total = state["alpha"].sum() + state["beta"].sum()
        alpha, beta = ((state[name].flatten() / total).detach().split(_CHANNELS) for name in ("alpha", "beta"))
    return DistsWeights(alpha, beta)
