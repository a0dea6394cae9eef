"""LPIPS v0.1 (Zhang et al., CVPR 2018), on the frozen trunks that other metrics and losses read as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from typing import NamedTuple

import torch
from torch import Tensor

from vsr.errors import choose
from vsr.features import FrozenFeatures, alexnet, squeezenet, vgg16
from vsr.metrics.bands import mean_over_pixels


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


def lpips_distance(sr: Mapping[str, Tensor], hr: Mapping[str, Tensor], heads: Mapping[str, Tensor]) -> Tensor:
    """Σ_l mean_pixels Σ_c w_lc (f̂_lc(SR) − f̂_lc(HR))² with f̂ at `unit_length`, of each frame.

    Args:
        sr: features ``(N, C, H', W')`` by layer.
        hr: likewise.
        heads: w_l ``(C,)`` by layer, learned from people's judgements and not negative.

    Returns:
        (N,) in float32.
    """
    per_layer = [_weighted_distance(sr[layer], hr[layer], head).mean((1, 2)) for layer, head in heads.items()]
    return torch.stack(per_layer).sum(0)


def _weighted_distance(x: Tensor, y: Tensor, head: Tensor) -> Tensor:
    """(N, C, H, W) to (N, H, W)."""
    return (unit_length(x) - unit_length(y)).square().permute(0, 2, 3, 1) @ head


def read_heads(net: str) -> dict[str, Tensor]:
    """The weights w_l ``(C,)`` by layer that the authors' package ships as 1x1 convolutions."""
    with torch.inference_mode(False), resources.as_file(resources.files("lpips") / f"weights/v0.1/{net}.pth") as path:
        state = torch.load(path, map_location="cpu", weights_only=True)
    return {layer: state[f"lin{index}.model.1.weight"].flatten() for index, layer in enumerate(TRUNKS[net].layers)}


class Lpips:
    """LPIPS of frames, `lpips_distance` between the features of one trunk.

    Args:
        net: ``alex``, which papers report, ``vgg``, which is commonly trained on, or ``squeeze``.
        weights: of the trunk: ``pretrained``, a path, or ``random`` (fixed seed) for tests; the heads are the authors'
            either way.

    Raises:
        UserError: unknown ``net``, or the trunk's weights are not to be had.
    """

    def __init__(self, net: str = "alex", weights: str = "pretrained") -> None:
        trunk = TRUNKS[choose("net", net, TRUNKS)]
        self.network = trunk.network(weights)
        self.layers = {self.network: trunk.layers}
        self.heads = read_heads(net)

    def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Frames (N, 3, H, W) in [0, 1] to (N,); raises `UserError` if they are too small for the trunk."""
        with torch.autocast(sr.device.type, enabled=False):
            features = [self.network(frames.float(), self.layers[self.network]) for frames in (sr, hr)]
            return self.distance(*features)

    def distance(self, sr: Mapping[str, Tensor], hr: Mapping[str, Tensor]) -> Tensor:
        """Features by layer to (N,): `lpips_distance`, in less memory, for use without gradient."""
        per_layer = [
            mean_over_pixels(partial(_weighted_distance, head=head.to(sr[layer].device)), sr[layer], hr[layer])
            for layer, head in self.heads.items()
        ]
        return torch.stack(per_layer).sum(0)
