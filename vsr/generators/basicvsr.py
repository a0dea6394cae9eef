"""BasicVSR (Chan et al., "BasicVSR: The Search for Essential Components in Video Super-Resolution and Beyond",
CVPR 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.family import BasicVSRFamily
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.generators.modulation import Modulation
from vsr.generators.residual import ResidualTrunk
from vsr.motion import warp


class BasicVSR(BasicVSRFamily):
    """Bidirectional recurrence: features travel through the clip both ways, aligned by flow, and meet in every frame.

    With x_i the LR frames and s the flow between neighbours:
    backward b_i = R_b(x_i, warp(b_{i+1}, s_{i to i+1})), forward f_i = R_f(x_i, warp(f_{i-1}, s_{i to i-1})),
    SR_i = U(b_i, f_i) + bilinear(x_i). States start at zero.

    Every frame of SR sees the whole clip, so a clip is processed at once: at inference the states kept grow with T
    by 2 * channels * h * w numbers a frame, in training by the activations of both trunks as well. The published
    models (channels=64, blocks=30, x4) have 6.3 M parameters, 1.4 M of them SPyNet's.

    Args:
        flow: flow estimator, ``flow(reference, supporting) -> (N, 2, h, w)``, such as `vsr.motion.SPyNet`.
        scale: 2, 3 or 4.
        channels: width of the features.
        blocks: residual blocks of each direction's trunk.
        head_channels: width at high resolution.
        memory: "normal", or "low" to recompute the trunks' activations in the backward pass rather than keep them.

    Raises:
        UserError: another scale or memory.
    """

    def __init__(
        self,
        flow: nn.Module,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 30,
        head_channels: int = 64,
        memory: str = "normal",
    ) -> None:
        super().__init__(flow, scale, channels, head_channels, memory)
        self.backward_trunk = ResidualTrunk(3 + channels, channels, blocks)
        self.forward_trunk = ResidualTrunk(3 + channels, channels, blocks)
        self.fusion = nn.Conv2d(2 * channels, channels, 1)
        kaiming_(self.fusion)

    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """See `Generator.forward`."""
        self.check_input(lr)
        flow_to_next, flow_to_previous = self.estimate_flow(lr)
        frames = lr.unbind(1)
        # Backward propagation is propagation through the clip read from its end.
        backward = self.propagate(self.backward_trunk, frames[::-1], flow_to_next.unbind(1)[::-1])[::-1]
        forward = self.propagate(self.forward_trunk, frames, flow_to_previous.unbind(1))
        return self.reconstruct(lr, (backward, forward), modulation)

    def fuse(self, parts: Tensor) -> Tensor:
        """Features of both directions (N, 2*channels, h, w) to (N, channels, h, w)."""
        return F.leaky_relu(self.fusion(parts), LEAKY_SLOPE, inplace=True)

    def propagate(self, trunk: nn.Module, frames: Sequence[Tensor], flows: Sequence[Tensor]) -> list[Tensor]:
        """Features (B, channels, h, w) of every frame, each made from the frame and the features before it.

        Args:
            trunk: the network of this direction.
            frames: T frames (B, 3, h, w), in the order of travel.
            flows: T-1 flows (B, 2, h, w), from the second frame to the first, and so on.
        """
        B, _, h, w = frames[0].shape
        state = frames[0].new_zeros(B, self.channels, h, w)
        features = [self.run(trunk, torch.cat((frames[0], state), dim=1))]
        for frame, flow in zip(frames[1:], flows, strict=True):
            features.append(self.run(trunk, torch.cat((frame, warp(features[-1], flow)), dim=1)))
        return features
