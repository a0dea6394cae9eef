"""Style loss: which features occur together, wherever they are (Gatys et al., CVPR 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from vsr.errors import choose
from vsr.features import FrozenFeatures
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm


def gram(features: Tensor) -> Tensor:
    """G = F Fᵀ / (C·H·W) with F the features ``(N, C, H, W)`` as C rows of H·W: ``(N, C, C)`` float32.

    The normalisation is Johnson et al.'s (ECCV 2016, eq. 3); Gatys et al. divide by other constants.
    """
    columns = features.float().permute(0, 2, 3, 1).flatten(1, 2)  # Fᵀ, no copy of features that are channels last
    with torch.autocast(features.device.type, enabled=False):  # in half precision the product would overflow
        return _SelfProduct.apply(columns) / columns[0].numel()


class _SelfProduct(torch.autograd.Function):
    """F Fᵀ, given Fᵀ: its gradient Fᵀ (∂G + ∂Gᵀ) takes one product where autograd's own takes two."""

    @staticmethod
    def forward(ctx: FunctionCtx, columns: Tensor) -> Tensor:
        ctx.save_for_backward(columns)
        return columns.transpose(1, 2) @ columns

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (columns,) = ctx.saved_tensors
        return columns @ (gradient + gradient.transpose(1, 2))


def style_distance(sr: Tensor, hr: Tensor) -> Tensor:
    """||G(SR) − G(HR)||²_F of features ``(N, C, H, W)``, mean over the N frames (Johnson et al. 2016, eq. 4)."""
    return (gram(sr) - gram(hr)).square().sum((1, 2)).mean()


class StyleLoss(LossTerm):
    """Σ_l w_l · ||G_l(SR) − G_l(HR)||²_F over named layers of one frozen network. Range: [0, ∞).

    Args:
        network: the frozen network, e.g. ``vsr.features.vgg16``; terms naming the same one share its pass.
        layers: weight w_l by layer name.

    Raises:
        UserError: a layer the network does not have.
    """

    def __init__(self, network: FrozenFeatures, layers: Mapping[str, float]) -> None:
        self.network = network
        self.layers = dict(layers)
        for layer in layers:
            choose("loss.style.layers", layer, network.layers)

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The named layers of the one network."""
        return {self.network: tuple(self.layers)}

    def __call__(self, comparison: Comparison) -> Tensor:
        """Weighted sum over the layers of the distance between SR's and HR's Gram matrices."""
        sr, hr = comparison.sr_features(self.network), comparison.hr_features(self.network)
        distances = [weight * style_distance(sr[layer], hr[layer]) for layer, weight in self.layers.items()]
        return torch.stack(distances).sum()
