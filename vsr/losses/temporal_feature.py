"""Temporal feature loss: the warping loss on feature maps, which tolerates small misalignment."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.errors import choose
from vsr.features import FrozenFeatures
from vsr.losses.comparison import Comparison, FlowEstimator
from vsr.losses.term import LossTerm
from vsr.motion import resize_flow, warp
from vsr.motion.motion import Motion


def temporal_feature_distance(features: Tensor, motion: Motion) -> Tensor:
    """mean_b [Σ M·(φ_{t+1} − warp(φ_t, w))² / (C' · Σ M)]; both Σ run over the cells of the T − 1 pairs of clip b.

    A clip of one frame or with nothing visible counts as 0. The flow w from t+1 to t is resized to the feature grid
    and so are its lengths: a motion of 8 pixels is one of 2 on a map of stride 4. M is the share of a cell's pixels
    that frame t shows.

    Args:
        features: φ ``(B, T, C', H', W')``.
        motion: of the clips, on the grid of their pixels.
    """
    if features.shape[1] < 2:
        return features.sum() * 0.0
    size = (features.shape[-2], features.shape[-1])
    pairs = motion.flow_to_previous.shape[:2]
    flow = resize_flow(motion.flow_to_previous.flatten(0, 1), size)
    visible = F.adaptive_avg_pool2d((~motion.occluded_in_previous).flatten(0, 1).float(), size).unflatten(0, pairs)
    features = features.float()
    warped = warp(features[:, :-1].flatten(0, 1), flow, padding_mode="border")
    difference = (features[:, 1:] - warped.unflatten(0, pairs)).square()
    counted = features.shape[2] * visible.flatten(1).sum(1)
    return ((visible * difference).flatten(1).sum(1) / counted.clamp(min=1.0)).mean()


class TemporalFeatureLoss(LossTerm):
    """Σ_l w_l · temporal_feature_distance(φ_l(SR)) over layers of a frozen network. Range: [0, ∞).

    Args:
        network: the frozen network; terms naming the same one share its pass.
        layers: weight w_l by layer name.
        estimator: motion of the HR clip; terms naming the same one share its work.

    Raises:
        UserError: a layer the network does not have.
    """

    def __init__(self, network: FrozenFeatures, layers: Mapping[str, float], estimator: FlowEstimator) -> None:
        self.network = network
        self.layers = dict(layers)
        for layer in layers:
            choose("loss.temporal_feature.layers", layer, network.layers)
        self.estimator = estimator

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The named layers of the one network."""
        return {self.network: tuple(self.layers)}

    def __call__(self, comparison: Comparison) -> Tensor:
        """Weighted sum over the layers."""
        sr = comparison.sr_features(self.network)
        motion = comparison.motion(self.estimator)
        frames = comparison.sr.shape[:2]
        distances = [
            weight * temporal_feature_distance(sr[layer].unflatten(0, frames), motion)
            for layer, weight in self.layers.items()
        ]
        return torch.stack(distances).sum()
