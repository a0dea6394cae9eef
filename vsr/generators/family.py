"""What the BasicVSR family shares: flow both ways, and the head that turns features into pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vsr.errors import choose
from vsr.generators.generator import Generator
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.generators.modulation import Modulation

# Pixel-shuffle steps of each scale.
SHUFFLES = {2: (2,), 3: (3,), 4: (2, 2)}


class BasicVSRFamily(Generator):
    """Features by propagation along a flow, a picture from the features of each frame.

    The layers are named as the published BasicVSR family names them, so that those weights load key for key.

    Args:
        flow: flow estimator, ``flow(reference, supporting) -> (N, 2, h, w)``, such as `vsr.motion.SPyNet`.
        scale: 2, 3 or 4.
        channels: width of the features.
        head_channels: width at high resolution; it dominates the cost of a small generator.
        memory: "normal", or "low" to recompute activations in the backward pass rather than keep them.

    Raises:
        UserError: another scale or memory.
    """

    def __init__(self, flow: nn.Module, scale: int, channels: int, head_channels: int, memory: str) -> None:
        super().__init__(scale, channels)
        self.memory = choose("memory", memory, ("normal", "low"))
        self.spynet = flow
        factors = SHUFFLES[scale]
        for number, factor in enumerate(factors, start=1):
            width = head_channels if number == len(factors) else channels
            upconv = nn.Conv2d(channels, width * factor**2, 3, padding=1)
            kaiming_(upconv)
            self.add_module(f"upconv{number}", upconv)
        self.conv_hr = nn.Conv2d(head_channels, head_channels, 3, padding=1)
        self.conv_last = nn.Conv2d(head_channels, 3, 3, padding=1)
        kaiming_(self.conv_hr)
        kaiming_(self.conv_last, slope=0, gain=0.1)  # SR starts near bilinear interpolation

    @abstractmethod
    def fuse(self, parts: Tensor) -> Tensor:
        """One frame's features of all branches, (N, n*channels, h, w), to those it is reconstructed from."""

    def flow_parameters(self) -> list[nn.Parameter]:
        """Parameters of the flow estimator."""
        return list(self.spynet.parameters())

    def estimate_flow(self, lr: Tensor) -> tuple[Tensor, Tensor]:
        """Flow from every frame to the next, and from the next back to it, each (B, T-1, 2, h, w), in one batch."""
        B, T, _, h, w = lr.shape
        if T == 1:
            return lr.new_zeros(B, 0, 2, h, w), lr.new_zeros(B, 0, 2, h, w)
        earlier, later = lr[:, :-1].flatten(0, 1), lr[:, 1:].flatten(0, 1)
        flow = self.spynet(torch.cat((earlier, later)), torch.cat((later, earlier)))
        flow_to_next, flow_to_previous = flow.unflatten(0, (2, B, T - 1))
        return flow_to_next, flow_to_previous

    def run(self, network: nn.Module, x: Tensor) -> Tensor:
        """``network(x)``; with memory="low" its activations are recomputed in the backward pass."""
        if self.memory == "low" and torch.is_grad_enabled():
            return checkpoint(network, x, use_reentrant=False)
        return network(x)

    def reconstruct(self, lr: Tensor, branches: Sequence[Sequence[Tensor]], modulation: Modulation | None) -> Tensor:
        """SR (B, T, 3, scale*h, scale*w).

        Args:
            lr: (B, T, 3, h, w).
            branches: of each branch, T features (B, channels, h, w).
            modulation: of the fused features.
        """
        frames = []
        for index, parts in enumerate(zip(*branches, strict=True)):
            features = self.fuse(torch.cat(parts, dim=1))
            if modulation is not None:
                features = modulation.frames(index)(features)
            frames.append(self.upsample(features, lr[:, index]))
        return torch.stack(frames, dim=1)

    def upsample(self, features: Tensor, lr: Tensor) -> Tensor:
        """SR frames: what the head makes of the features, added to bilinearly upsampled LR.

        Args:
            features: (N, channels, h, w).
            lr: (N, 3, h, w).

        Returns:
            (N, 3, scale*h, scale*w).
        """
        for number, factor in enumerate(SHUFFLES[self.scale], start=1):
            features = F.pixel_shuffle(self.get_submodule(f"upconv{number}")(features), factor)
            features = F.leaky_relu(features, LEAKY_SLOPE, inplace=True)
        features = F.leaky_relu(self.conv_hr(features), LEAKY_SLOPE, inplace=True)
        base = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return base + self.conv_last(features)
