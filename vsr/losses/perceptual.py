"""Perceptual loss: distance between the features that a frozen classifier sees in SR and in HR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.errors import choose
from vsr.features import FrozenFeatures
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm

DISTANCES = ("l1", "l2", "cosine")


def feature_distance(sr: Tensor, hr: Tensor, distance: str) -> Tensor:
    """||φ(SR) − φ(HR)||₂² / (C·H·W) (l2, Johnson et al. 2016, eq. 2) or ||·||₁ / (C·H·W) (l1), or 1 − cos of the angle
    between the features of a pixel, mean over pixels (cosine, TecoGAN: Chu et al. 2020); mean over frames."""
    if distance == "cosine":
        return 1 - F.cosine_similarity(sr.float(), hr.float(), dim=1).mean()
    if distance == "l2":
        return F.mse_loss(sr.float(), hr.float())
    # Not `l1_loss`: the backward pass of its mean meets channels-last features with a gradient laid out otherwise,
    # which takes five times as long (64 channels of 128 px on a CPU). A sum's gradient is one number.
    return (sr.float() - hr.float()).abs().sum() / sr.numel()


class PerceptualLoss(LossTerm):
    """Σ_l w_l · distance(φ_l(SR), φ_l(HR)) over named layers of one frozen network. Range: [0, ∞).

    λ is not portable between codebases: it depends on the layers, on their weights and on the distance.

    Args:
        network: the frozen network, e.g. ``vsr.features.vgg16``; terms naming the same one share its pass.
        layers: weight w_l by layer name, before (``conv5_4``) or after (``relu5_1``) the ReLU.
        distance: ``l2`` (Johnson et al. 2016), ``l1`` (as ESRGAN and its descendants) or ``cosine`` (TecoGAN).

    Raises:
        UserError: another distance, or a layer the network does not have.
    """

    name: ClassVar[str] = "perceptual"

    def __init__(self, network: FrozenFeatures, layers: Mapping[str, float], distance: str = "l2") -> None:
        self.network = network
        self.layers = dict(layers)
        for layer in layers:
            choose(f"loss.{self.name}.layers", layer, network.layers)
        self.distance = choose(f"loss.{self.name}.distance", distance, DISTANCES)

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The named layers of the one network."""
        return {self.network: tuple(self.layers)}

    def __call__(self, comparison: Comparison) -> Tensor:
        """Weighted sum over the layers of the distance between SR's and HR's features."""
        sr, hr = comparison.sr_features(self.network), comparison.hr_features(self.network)
        distances = [
            weight * feature_distance(sr[layer], hr[layer], self.distance) for layer, weight in self.layers.items()
        ]
        return torch.stack(distances).sum()
