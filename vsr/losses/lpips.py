"""LPIPS v0.1 as a loss: a distance of deep features, weighted to agree with people (Zhang et al., CVPR 2018)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import NamedTuple

import torch
from torch import Tensor

from vsr.errors import choose
from vsr.features import FrozenFeatures, alexnet, squeezenet, vgg16
from vsr.losses.comparison import Comparison, Features
from vsr.losses.term import LossTerm


class Trunk(NamedTuple):
    """A frozen network and the layers of it that LPIPS compares, shallow to deep."""

    network: Callable[[str], FrozenFeatures]
    layers: tuple[str, ...]


TRUNKS = {
    "alex": Trunk(alexnet, ("relu1", "relu2", "relu3", "relu4", "relu5")),
    "vgg": Trunk(vgg16, ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")),
    "squeeze": Trunk(squeezenet, ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")),
}


def unit_length(features: Tensor) -> Tensor:
    """f / (||f||₂ + 1e-10), the norm over the channels at each pixel; 0, with a finite gradient, where f = 0."""
    squares = features.float().square().sum(1, keepdim=True)
    norm = torch.where(squares > 0, squares, 1).sqrt()  # the root's slope at 0 is infinite
    return features * (norm + 1e-10).reciprocal()  # whose gradient is cheaper than that of a division


def lpips_distance(sr: Features, hr: Features, heads: Mapping[str, Tensor]) -> Tensor:
    """Σ_l mean_pixels Σ_c w_lc (f̂_lc(SR) − f̂_lc(HR))² with f̂ at `unit_length`, of each frame.

    Args:
        sr: features ``(N, C, H', W')`` by layer.
        hr: likewise.
        heads: w_l ``(C,)`` by layer, learned from people's judgements and not negative.

    Returns:
        (N,) in float32.
    """
    per_layer = [
        ((unit_length(sr[layer]) - unit_length(hr[layer])).square().permute(0, 2, 3, 1) @ head).mean((1, 2))
        for layer, head in heads.items()
    ]
    return torch.stack(per_layer).sum(0)


class LpipsLoss(LossTerm):
    """LPIPS v0.1, mean over the frames. Range: [0, ∞), for pictures about [0, 1].

    Its trunks are fed with (x' − shift) / scale for x' in [−1, 1], which is ImageNet's (x − mean) / std for x in
    [0, 1]: ``vgg`` therefore reads the same pass of VGG16 as the perceptual and the style loss. Scores are commonly
    reported with ``alex``; train on another net than the one you score with.

    Args:
        net: ``vgg``, ``alex`` or ``squeeze``.
        weights: of the trunk: "pretrained", a path, or "random" (tests only); the heads are the authors' either way.

    Raises:
        UserError: another net, or weights that cannot be had.
    """

    def __init__(self, net: str = "vgg", weights: str = "pretrained") -> None:
        trunk = TRUNKS[choose("loss.lpips.net", net, TRUNKS)]
        self.network = trunk.network(weights)
        self.heads = dict(zip(trunk.layers, _read_heads(net), strict=True))

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The compared layers of the trunk."""
        return {self.network: tuple(self.heads)}

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean LPIPS of all frames."""
        sr, hr = comparison.sr_features(self.network), comparison.hr_features(self.network)
        self.heads = {layer: head.to(comparison.sr.device) for layer, head in self.heads.items()}
        return lpips_distance(sr, hr, self.heads).mean()


def _read_heads(net: str) -> list[Tensor]:
    """The weights w_l ``(C,)`` that the authors' package ships as 1x1 convolutions ``lin0.model.1.weight`` …"""
    with torch.inference_mode(False), resources.as_file(resources.files("lpips") / f"weights/v0.1/{net}.pth") as path:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return [state[f"lin{index}.model.1.weight"].flatten() for index in range(len(state))]
