"""What the BasicVSR family shares: flow both ways, and the head that turns features into pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vsr.errors import UserError, choose
from vsr.generators.execution import CHUNK, EXECUTIONS, frames_at_once, is_batched
from vsr.generators.generator import Generator
from vsr.generators.grouped import GroupedTrunks
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.generators.modulation import Modulation
from vsr.generators.residual import ResidualTrunk
from vsr.layout import channels_last, layout_of

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
        execution: "batched" for few large kernels, "sequential" to go frame by frame, "auto" for the latter on a CPU
            only. The output is the same.
        chunk: how many LR pixels of all clips together are reconstructed at once in batched execution; at x4 and in
            float32, each takes about 200 bytes for every one of ``head_channels``.

    Raises:
        UserError: another scale, memory or execution; no chunk.
    """

    def __init__(
        self,
        flow: nn.Module,
        scale: int,
        channels: int,
        head_channels: int,
        memory: str = "normal",
        execution: str = "auto",
        chunk: int = CHUNK,
    ) -> None:
        super().__init__(scale, channels)
        self.memory = choose("memory", memory, ("normal", "low"))
        self.execution = choose("execution", execution, EXECUTIONS)
        if chunk < 1:
            raise UserError(f"chunk={chunk} reconstructs nothing: it is a number of LR pixels, such as {CHUNK}.")
        self.chunk = chunk
        self._compiled_picture: Callable[..., Tensor] | None = None
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

    def compile(self, *args: Any, **options: Any) -> None:
        """`torch.compile` what runs once a frame or a clip, in place: flow, trunks and head, not the recurrence.

        The graph of the whole would grow with T, and be built again for every other T.

        Args:
            args: of `torch.compile`.
            options: of `torch.compile`.
        """
        self.spynet.compile(*args, **options)
        for module in self.modules():
            if isinstance(module, (ResidualTrunk, GroupedTrunks)):
                module.compile(*args, **options)
        # The function of the class, not the bound one: a deep copy of the generator must run on its own weights.
        self._compiled_picture = torch.compile(type(self).picture, *args, **options)

    def batched(self, x: Tensor) -> bool:
        """Whether ``x`` is processed by few large kernels."""
        return is_batched(self.execution, x.device)

    def flow_parameters(self) -> list[nn.Parameter]:
        """Parameters of the flow estimator."""
        return list(self.spynet.parameters())

    @property
    def flow_is_pretrained(self) -> bool:
        """Whether the flow estimator came with weights of its own."""
        return bool(getattr(self.spynet, "pretrained", False))

    def flow_of(self, lr: Tensor) -> tuple[Tensor, ...]:
        """See `Generator.flow_of`: `estimate_flow`."""
        return self.estimate_flow(lr)

    def estimate_flow(self, lr: Tensor) -> tuple[Tensor, Tensor]:
        """Flow from every frame to the next, and from the next back to it, each (B, T-1, 2, h, w), in one batch."""
        if self.given_flow:
            to_next, to_previous = self.given_flow
            return to_next, to_previous
        B, T, _, h, w = lr.shape
        if T == 1:
            return lr.new_zeros(B, 0, 2, h, w), lr.new_zeros(B, 0, 2, h, w)
        if not torch.is_grad_enabled() and (pairs := max(1, self.chunk // (B * h * w))) < T - 1:
            # A pair's pyramid takes as much as its features at high resolution: a long clip goes piece by piece.
            pieces = [self.estimate_flow(lr[:, start : start + pairs + 1]) for start in range(0, T - 1, pairs)]
            to_next, to_previous = (torch.cat(flows, dim=1) for flows in zip(*pieces, strict=True))
            return to_next, to_previous
        earlier, later = lr[:, :-1].flatten(0, 1), lr[:, 1:].flatten(0, 1)
        both_ways = torch.cat((earlier, later)), torch.cat((later, earlier))
        flow = self.spynet(*map(channels_last, both_ways))
        flow_to_next, flow_to_previous = flow.unflatten(0, (2, B, T - 1))
        return flow_to_next, flow_to_previous

    def run(self, network: Callable[..., Tensor], *inputs: Any) -> Tensor:
        """``network(*inputs)``; with memory="low" its activations are recomputed in the backward pass."""
        if self.memory == "low" and torch.is_grad_enabled():
            return checkpoint(network, *inputs, use_reentrant=False)
        return network(*inputs)

    def reconstruct(self, lr: Tensor, branches: Sequence[Sequence[Tensor]], modulation: Modulation | None) -> Tensor:
        """SR (B, T, 3, scale*h, scale*w).

        Args:
            lr: (B, T, 3, h, w).
            branches: of each branch, T features (B, channels, h, w).
            modulation: of the fused features.
        """
        B, T = lr.shape[:2]
        picture = self._compiled_picture or type(self).picture
        at_once = frames_at_once(self.batched(lr), lr, self.chunk)
        sr: list[Tensor] = []
        for start in range(0, T, at_once):
            some = slice(start, start + at_once)
            parts = torch.cat([_frame_by_frame(branch[some]) for branch in branches], dim=1)
            inputs = _frame_by_frame(lr[:, some].unbind(1))
            steering = [_frame_by_frame(x[:, some].unbind(1)) for x in modulation or ()]
            frames = picture(self, parts, inputs, Modulation(*steering) if steering else None)
            sr += frames.unflatten(0, (-1, B)).unbind()
        return torch.stack(sr, dim=1)

    def picture(self, parts: Tensor, lr: Tensor, modulation: Modulation | None) -> Tensor:
        """SR frames from one or more frames' features of all branches.

        Args:
            parts: (N, n*channels, h, w).
            lr: (N, 3, h, w).
            modulation: of the fused features, (N, channels, h, w).

        Returns:
            (N, 3, scale*h, scale*w).
        """
        features = self.fuse(parts)
        if modulation is not None:
            features = modulation(features)
        return self.upsample(features, lr)

    def upsample(self, features: Tensor, lr: Tensor) -> Tensor:
        """SR frames: what the head makes of the features, added to bilinearly upsampled LR.

        Args:
            features: (N, channels, h, w).
            lr: (N, 3, h, w).

        Returns:
            (N, 3, scale*h, scale*w).
        """
        layout = layout_of(features)  # pixel_shuffle keeps it on some devices only
        for number, factor in enumerate(SHUFFLES[self.scale], start=1):
            features = F.pixel_shuffle(self.get_submodule(f"upconv{number}")(features), factor)
            features = F.leaky_relu(features.contiguous(memory_format=layout), LEAKY_SLOPE, inplace=True)
        features = F.leaky_relu(self.conv_hr(features), LEAKY_SLOPE, inplace=True)
        base = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return base + self.conv_last(features)


def _frame_by_frame(frames: Sequence[Tensor]) -> Tensor:
    """Frames (B, ...) one after another, (n*B, ...)."""
    return frames[0] if len(frames) == 1 else torch.cat(tuple(frames))
