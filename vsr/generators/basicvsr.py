"""BasicVSR (Chan et al., "BasicVSR: The Search for Essential Components in Video Super-Resolution and Beyond",
CVPR 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.execution import CHUNK
from vsr.generators.family import BasicVSRFamily
from vsr.generators.grouped import GroupedTrunks, group
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.generators.modulation import Modulation
from vsr.generators.residual import ResidualTrunk
from vsr.layout import channels_last
from vsr.motion import warp


class Past(NamedTuple):
    """What a window knows of the clip before it: the last frame (B, 3, h, w) and its forward features."""

    lr: Tensor
    features: Tensor


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
        execution: "auto", "batched" or "sequential", see `BasicVSRFamily`; batched, both directions take each step
            together.
        chunk: LR pixels reconstructed at once, see `BasicVSRFamily`.

    Raises:
        UserError: another scale, memory or execution; no chunk.
    """

    has_windows = True

    def __init__(
        self,
        flow: nn.Module,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 30,
        head_channels: int = 64,
        memory: str = "normal",
        execution: str = "auto",
        chunk: int = CHUNK,
    ) -> None:
        super().__init__(flow, scale, channels, head_channels, memory, execution, chunk)
        self.backward_trunk = ResidualTrunk(3 + channels, channels, blocks)
        self.forward_trunk = ResidualTrunk(3 + channels, channels, blocks)
        self.both_trunks = GroupedTrunks(2)
        self.fusion = nn.Conv2d(2 * channels, channels, 1)
        kaiming_(self.fusion)

    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """See `Generator.forward`."""
        self.check_input(lr)
        propagate = self.propagate_together if self.batched(lr) else self.propagate_in_turn
        return self.reconstruct(lr, propagate(lr, *self.estimate_flow(lr)), modulation)

    def window(self, lr: Tensor, count: int, past: Past | None = None) -> tuple[Tensor, Past]:
        """See `Generator.window`: the forward features are those of the whole clip, the backward ones know of no frame
        beyond the window."""
        self.check_input(lr)
        before = 0 if past is None else 1
        flow_to_next, flow_to_previous = self.estimate_flow(
            lr if past is None else torch.cat((past.lr[:, None], lr), 1)
        )
        frames = [channels_last(frame) for frame in lr.unbind(1)]
        backward = self.propagate(self.backward_trunk, frames[::-1], flow_to_next[:, before:].unbind(1)[::-1])[::-1]
        flows = flow_to_previous[:, : before + count - 1].unbind(1)
        forward = self.propagate(self.forward_trunk, frames[:count], flows, past.features if past else None)
        sr = self.reconstruct(lr[:, :count], [backward[:count], forward], None)
        return sr, Past(lr[:, count - 1], forward[-1])

    def fuse(self, parts: Tensor) -> Tensor:
        """Features of both directions (N, 2*channels, h, w) to (N, channels, h, w)."""
        return F.leaky_relu(self.fusion(parts), LEAKY_SLOPE, inplace=True)

    def propagate_in_turn(self, lr: Tensor, flow_to_next: Tensor, flow_to_previous: Tensor) -> list[list[Tensor]]:
        """Features of each direction, T times (B, channels, h, w): first all backward, then all forward."""
        frames = [channels_last(frame) for frame in lr.unbind(1)]
        # Backward propagation is propagation through the clip read from its end.
        backward = self.propagate(self.backward_trunk, frames[::-1], flow_to_next.unbind(1)[::-1])[::-1]
        return [backward, self.propagate(self.forward_trunk, frames, flow_to_previous.unbind(1))]

    def propagate(
        self, trunk: nn.Module, frames: Sequence[Tensor], flows: Sequence[Tensor], before: Tensor | None = None
    ) -> list[Tensor]:
        """Features (B, channels, h, w) of every frame, each made from the frame and the features before it.

        Args:
            trunk: the network of this direction.
            frames: T frames (B, 3, h, w), in the order of travel.
            flows: T-1 flows (B, 2, h, w), from the second frame to the first, and so on; with ``before``, one more in
                front, from the first frame to that one.
            before: features of the frame before the first; None starts with zeros.
        """
        B, _, h, w = frames[0].shape
        if before is None:
            state = channels_last(frames[0].new_zeros(B, self.channels, h, w))
        else:
            state, flows = warp(before, flows[0]), flows[1:]
        features = [self.run(trunk, torch.cat((frames[0], state), dim=1))]
        for frame, flow in zip(frames[1:], flows, strict=True):
            features.append(self.run(trunk, torch.cat((frame, warp(features[-1], flow)), dim=1)))
        return features

    def propagate_together(self, lr: Tensor, flow_to_next: Tensor, flow_to_previous: Tensor) -> list[list[Tensor]]:
        """The same features; step i makes those of frame T-1-i backward and of frame i forward at once."""
        B, _, _, h, w = lr.shape
        weights = group([self.backward_trunk, self.forward_trunk])
        # Of each step, both directions: (B, 2, 3, h, w) and (B, 2, 2, h, w).
        frames = torch.stack((lr.flip(1), lr), dim=2).unbind(1)
        flows = torch.stack((flow_to_next.flip(1), flow_to_previous), dim=2).transpose(0, 1).contiguous().unbind()
        states = lr.new_zeros(B, 2, self.channels, h, w)
        features: list[Tensor] = []
        for index, frame in enumerate(frames):
            if index:
                both = features[-1].reshape(2 * B, self.channels, h, w)
                states = warp(both, flows[index - 1].flatten(0, 1)).unflatten(0, (B, 2))
            x = channels_last(torch.cat((frame, states), dim=2).flatten(1, 2))
            features.append(self.run(self.both_trunks, x, weights))
        backward, forward = zip(*(both.chunk(2, dim=1) for both in features), strict=True)
        return [list(backward[::-1]), list(forward)]
