"""Two residual trunks side by side, one grouped convolution for each pair of layers."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.initialisation import LEAKY_SLOPE
from vsr.generators.residual import ResidualTrunk
from vsr.layout import channels_last


class GroupedWeights(NamedTuple):
    """Weights of several trunks, stacked; L is twice the number of blocks, G the number of trunks."""

    first_weight: Tensor
    """(G*C, inputs, 3, 3)"""
    first_bias: Tensor
    """(G*C,)"""
    weights: Tensor
    """(L, G*C, C, 3, 3)"""
    biases: Tensor
    """(L, G*C)"""


def group(trunks: list[ResidualTrunk]) -> GroupedWeights:
    """The weights of ``trunks``, equal in shape; stacked once a forward pass."""
    layers = [list(trunk.convolutions()) for trunk in trunks]
    first, *rest = zip(*layers, strict=True)
    device = first[0].weight.device.type
    # Autocast keeps the casts of parameters only; these are cast here, or they would be in every step.
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else first[0].weight.dtype

    def joined(parameters: list[Tensor]) -> Tensor:
        parameter = torch.cat(parameters).to(dtype)
        return channels_last(parameter) if parameter.ndim == 4 else parameter

    return GroupedWeights(
        joined([conv.weight for conv in first]),
        joined([conv.bias for conv in first]),
        joined([conv.weight for pair in rest for conv in pair]).unflatten(0, (len(rest), -1)),
        joined([conv.bias for pair in rest for conv in pair]).unflatten(0, (len(rest), -1)),
    )


class GroupedTrunks(nn.Module):
    """What `ResidualTrunk` computes, for G trunks at once; has no parameters of its own.

    Args:
        groups: number of trunks, G.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor, grouped: GroupedWeights) -> Tensor:
        """(N, G*inputs, h, w) -> (N, G*C, h, w)."""

        def conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            return F.conv2d(x, weight, bias, padding=1, groups=self.groups)

        x = F.leaky_relu(conv(x, grouped.first_weight, grouped.first_bias), LEAKY_SLOPE, inplace=True)
        # Taken apart in here, so that the gradients of all layers are summed over the frames by one kernel.
        layers = list(zip(grouped.weights.unbind(), grouped.biases.unbind(), strict=True))
        for first, second in zip(layers[::2], layers[1::2], strict=True):
            x = conv(F.relu(conv(x, *first), inplace=True), *second).add_(x)
        return x
