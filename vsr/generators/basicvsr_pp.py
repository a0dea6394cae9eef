"""BasicVSR++ (Chan et al., "BasicVSR++: Improving Video Super-Resolution with Enhanced Propagation and Alignment",
CVPR 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vsr.generators.deformable import SecondOrderAlignment
from vsr.generators.execution import CHUNK, frames_at_once
from vsr.generators.family import BasicVSRFamily
from vsr.generators.modulation import Modulation
from vsr.generators.residual import ResidualTrunk
from vsr.layout import channels_last, layout_of
from vsr.motion import warp

BRANCHES = ("backward_1", "forward_1", "backward_2", "forward_2")


class BasicVSRPlusPlus(BasicVSRFamily):
    """Grid propagation: features travel through the clip backward, forward, backward and forward again.

    With g_i the features of LR frame x_i, and the branches j = 1..4 in that order of travel, each reading those
    before it and its own last two states, aligned by flow and a deformable convolution A (`SecondOrderAlignment`):
    a_i = A(g_i, f^j_{i-1}, f^j_{i-2}, s_{i to i-1}, s_{i to i-2}), f^j_i = a_i + R_j(g_i, f^1_i, ..., f^{j-1}_i, a_i),
    SR_i = U(R(g_i, f^1_i, ..., f^4_i)) + bilinear(x_i), with "i-1" the frame travelled before, s flow, and
    s_{i to i-2} = s_{i to i-1} + warp(s_{i-1 to i-2}, s_{i to i-1}). States start at zero.

    Every frame of SR sees the whole clip, so a clip is processed at once: at inference the features kept grow with T
    by 5 * channels * h * w numbers a frame, in training by the activations of all branches as well. The published
    models (channels=64, blocks=7, x4) have 7.3 M parameters, 1.4 M of them SPyNet's.

    Args:
        flow: flow estimator, ``flow(reference, supporting) -> (N, 2, h, w)``, such as `vsr.motion.SPyNet`.
        scale: 2, 3 or 4.
        channels: width of the features.
        blocks: residual blocks of each branch.
        outer_blocks: residual blocks of the feature extraction before the branches and of the trunk after them.
        head_channels: width at high resolution.
        deform_groups: see `SecondOrderAlignment`.
        max_residue: see `SecondOrderAlignment`.
        memory: "normal", or "low" to recompute the activations of alignment and trunks in the backward pass rather
            than keep them.
        execution: "auto", "batched" or "sequential", see `BasicVSRFamily`; the branches go frame by frame in any.
        chunk: LR pixels extracted or reconstructed at once, see `BasicVSRFamily`.

    Raises:
        UserError: another scale, memory or execution; no chunk; channels that the groups do not divide.
    """

    def __init__(
        self,
        flow: nn.Module,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 7,
        outer_blocks: int = 5,
        head_channels: int = 64,
        deform_groups: int = 16,
        max_residue: float = 10.0,
        memory: str = "normal",
        execution: str = "auto",
        chunk: int = CHUNK,
    ) -> None:
        super().__init__(flow, scale, channels, head_channels, memory, execution, chunk)
        self.feat_extract = ResidualTrunk(3, channels, outer_blocks)
        self.deform_align = nn.ModuleDict(
            {branch: SecondOrderAlignment(channels, deform_groups, max_residue) for branch in BRANCHES}
        )
        self.backbone = nn.ModuleDict(
            {branch: ResidualTrunk(inputs * channels, channels, blocks) for inputs, branch in enumerate(BRANCHES, 2)}
        )
        self.reconstruction = ResidualTrunk(5 * channels, channels, outer_blocks)

    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """See `Generator.forward`."""
        self.check_input(lr)
        flow_to_next, flow_to_previous = self.estimate_flow(lr)
        # Backward propagation is propagation through the clip read from its end.
        flows = {"backward": with_second_order(flow_to_next.flip(1)), "forward": with_second_order(flow_to_previous)}
        features = [self.extract(lr)]
        for branch in BRANCHES:
            direction = branch.split("_")[0]
            order = slice(None, None, -1 if direction == "backward" else 1)
            known = list(zip(*features, strict=True))[order]
            features.append(self.propagate(branch, known, *flows[direction])[order])
        return self.reconstruct(lr, features, modulation)

    def compile(self, *args: Any, **options: Any) -> None:
        """See `BasicVSRFamily.compile`; the alignments as well."""
        super().compile(*args, **options)
        for alignment in self.deform_align.values():
            alignment.compile(*args, **options)

    def extract(self, lr: Tensor) -> list[Tensor]:
        """Features (B, channels, h, w) of each of the T frames by itself."""
        batched = self.batched(lr)
        features: list[Tensor] = []
        for some in lr.split(frames_at_once(batched, lr, self.chunk), dim=1):
            frames = channels_last(some.transpose(0, 1).flatten(0, 1))
            features += self.run(self.feat_extract, frames).unflatten(0, (-1, len(lr))).unbind()
        return features

    def fuse(self, parts: Tensor) -> Tensor:
        """Features of the frame and of all branches (N, 5*channels, h, w) to (N, channels, h, w)."""
        return self.run(self.reconstruction, parts)

    def propagate(
        self, branch: str, known: Sequence[tuple[Tensor, ...]], first: Tensor, second: Tensor
    ) -> list[Tensor]:
        """States (B, channels, h, w) of every frame, in the order of travel.

        Args:
            branch: one of ``BRANCHES``.
            known: of T frames in the order of travel, what was made of them before: the frame's own features and
                the states of the branches before, each (B, channels, h, w).
            first: flow of every frame but the first to the one travelled before, (B, T-1, 2, h, w).
            second: flow to the one before that, likewise; zero where there is none.
        """
        nothing = torch.zeros_like(known[0][0])
        states = [self.run(self.update, branch, known[0], nothing)]
        for i in range(1, len(known)):
            before = states[i - 2] if i > 1 else nothing
            states.append(
                self.run(self.advance, branch, known[i], states[-1], before, first[:, i - 1], second[:, i - 1])
            )
        return states

    def advance(
        self, branch: str, known: tuple[Tensor, ...], state_1: Tensor, state_2: Tensor, flow_1: Tensor, flow_2: Tensor
    ) -> Tensor:
        """A frame's state, from the last two (see `SecondOrderAlignment.forward`) and what is known of the frame."""
        aligned = self.deform_align[branch](known[0], state_1, state_2, flow_1, flow_2)
        return self.update(branch, known, aligned)

    def update(self, branch: str, known: tuple[Tensor, ...], aligned: Tensor) -> Tensor:
        """A frame's state, from those before it, aligned, and what is known of the frame."""
        x = torch.cat((*known, aligned), dim=1).contiguous(memory_format=layout_of(known[0]))
        return aligned + self.backbone[branch](x)


def with_second_order(flow: Tensor) -> tuple[Tensor, Tensor]:
    """``flow`` (B, T-1, 2, h, w) of frames 1.. to the one before, and that to the frame before that one.

    s_{i to i-2} = s_{i to i-1} + warp(s_{i-1 to i-2}, s_{i to i-1}); zero for frame 1, which has none.
    """
    if flow.shape[1] == 0:
        return flow, flow
    later, earlier = flow[:, 1:].flatten(0, 1), flow[:, :-1].flatten(0, 1)
    second = (later + warp(earlier, later)).unflatten(0, (len(flow), flow.shape[1] - 1))
    return flow, torch.cat((torch.zeros_like(flow[:, :1]), second), dim=1)
