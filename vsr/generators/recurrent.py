"""The causal generator: FRVSR (Sajjadi et al., CVPR 2018), in the form of TecoGAN's (Chu et al., TOG 2020)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vsr.errors import UserError, choose
from vsr.generators.enlargement import CornerBicubic
from vsr.generators.execution import CHUNK
from vsr.generators.generator import Generator
from vsr.generators.modulation import Modulation
from vsr.generators.srnet import SRNet
from vsr.motion import warp


class RecurrentState(NamedTuple):
    """All that the next frame needs to know: the last frame's LR ``(B, 3, h, w)`` and SR ``(B, 3, H, W)``."""

    lr: Tensor
    sr: Tensor


class Recurrent(Generator):
    """Frame-recurrent: each frame of SR is made from its LR and the last frame's SR, aligned by flow.

    SR_t = N(x_t, warp(SR_{t-1}, up(F(x_t, x_{t-1})))), N an `SRNet`, F a flow estimator; before the first frame SR is
    black. A live stream is taken frame by frame, in constant memory:

        state = None
        with torch.inference_mode():  # or the stream's whole past is kept for a backward pass
            for lr in stream:  # (B, 3, h, w)
                sr, state = generator.step(lr, state)

    Frame t sees frames 0 to t; in training memory grows with T by one frame's activations.

    2.59 M parameters with 10 blocks (FRVSR), 3.03 M with 16 (TecoGAN), 1.75 M of them of the `FlowNet`. Layers are
    named as in TecoGAN's public PyTorch weights.

    Args:
        flow: ``flow(reference, supporting) -> (N, 2, h, w)``: `FlowNet`, as published, which learns along with the
            rest (at a learning rate much above 1e-4 it runs to the end of its range, and stays there), or a
            pretrained one, such as `vsr.motion.SPyNet`, for short trainings.
        scale: 2, 3 or 4.
        channels: width of the features.
        blocks: residual blocks.
        enlargement: what is added to: "bilinear", or "corner_bicubic" for LR whose pixels are every ``scale``-th of
            blurred HR, beginning with the first (of the public weights, those named BI and BD).
        memory: "normal", or "low" to recompute each frame's activations in the backward pass rather than keep them.

    Raises:
        UserError: another scale, enlargement or memory.
    """

    causal = True

    def __init__(
        self,
        flow: nn.Module,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 16,
        enlargement: str = "bilinear",
        memory: str = "normal",
    ) -> None:
        super().__init__(scale, channels)
        self.memory = choose("memory", memory, ("normal", "low"))
        # A module under the name, and at the two places, where the published files keep its constants.
        self.upsample_func: nn.Module
        if choose("enlargement", enlargement, ("bilinear", "corner_bicubic")) == "bilinear":
            self.upsample_func = nn.Upsample(scale_factor=scale, mode="bilinear", align_corners=False)
        else:
            self.upsample_func = CornerBicubic(scale)
        self.fnet = flow
        self.srnet = SRNet(scale, channels, blocks, self.upsample_func)

    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """See `Generator.forward`."""
        self.check_input(lr)
        flows = self.flow_to_previous(lr)
        sr: list[Tensor] = []
        for t, frame in enumerate(lr.unbind(1)):
            here = modulation.frames(t) if modulation is not None else None
            if t == 0:
                sr.append(self._run(frame, None, None, here))
            else:
                sr.append(self._run(frame, sr[-1], flows[:, t - 1], here))
        return torch.stack(sr, dim=1)

    def compile(self, *args: Any, **options: Any) -> None:
        """Compile the two networks, and not the recurrence, which would be compiled anew for each number of frames."""
        self.fnet.compile(*args, **options)
        self.srnet.compile(*args, **options)

    def flow_parameters(self) -> list[nn.Parameter]:
        """Parameters of the flow estimator."""
        return list(self.fnet.parameters())

    @property
    def flow_is_pretrained(self) -> bool:
        """Whether the flow estimator came with weights of its own."""
        return bool(getattr(self.fnet, "pretrained", False))

    def step(
        self, lr: Tensor, state: RecurrentState | None = None, modulation: Modulation | None = None
    ) -> tuple[Tensor, RecurrentState]:
        """SR (B, 3, scale*h, scale*w) of the next frame of a stream, and the state to give with the frame after it.

        Args:
            lr: (B, 3, h, w) in [0, 1].
            state: what the last step returned; None begins a stream.
            modulation: of this frame's features, (B, channels, h, w).

        Raises:
            UserError: a frame smaller than ``min_size``, or of another shape than the last one.
        """
        self.check_input(lr[:, None])
        if state is None:
            sr = self._super_resolve(lr, None, None, modulation)
        else:
            if state.lr.shape != lr.shape:
                raise UserError(
                    f"this frame is {tuple(lr.shape)}, the last one of its stream was {tuple(state.lr.shape)}; "
                    "begin a new stream with state=None"
                )
            flow = self.given_flow[0][:, 0] if self.given_flow else self.fnet(lr, state.lr)
            sr = self._super_resolve(lr, state.sr, flow, modulation)
        return sr, RecurrentState(lr, sr)

    def flow_of(self, lr: Tensor) -> tuple[Tensor, ...]:
        """See `Generator.flow_of`: `flow_to_previous`."""
        return (self.flow_to_previous(lr),)

    def flow_to_previous(self, lr: Tensor) -> Tensor:
        """Flow from every frame of LR (B, T, 3, h, w) but the first to the one before it, (B, T-1, 2, h, w)."""
        if self.given_flow:
            return self.given_flow[0]
        B, T, _, h, w = lr.shape
        if T == 1:
            return lr.new_zeros(B, 0, 2, h, w)
        if not torch.is_grad_enabled() and (pairs := max(1, CHUNK // (B * h * w))) < T - 1:
            # The estimator's memory would grow with the clip: a long one goes piece by piece.
            pieces = [self.flow_to_previous(lr[:, start : start + pairs + 1]) for start in range(0, T - 1, pairs)]
            return torch.cat(pieces, dim=1)
        flow = self.fnet(lr[:, 1:].flatten(0, 1), lr[:, :-1].flatten(0, 1))
        return flow.unflatten(0, (B, T - 1))

    def _run(self, *inputs: Tensor | Modulation | None) -> Tensor:
        if self.memory == "low" and torch.is_grad_enabled():
            return checkpoint(self._super_resolve, *inputs, use_reentrant=False)
        return self._super_resolve(*inputs)  # type: ignore[arg-type]

    def _super_resolve(
        self, lr: Tensor, last_sr: Tensor | None, flow: Tensor | None, modulation: Modulation | None
    ) -> Tensor:
        """SR of one frame; ``flow`` (B, 2, h, w) leads from it to the last one."""
        if last_sr is None or flow is None:
            B, C, h, w = lr.shape
            warped = lr.new_zeros(B, C, self.scale * h, self.scale * w)
        else:
            warped = warp(last_sr, self.scale * self.upsample_func(flow), padding_mode="border")
        return self.srnet(lr, warped, modulation)
