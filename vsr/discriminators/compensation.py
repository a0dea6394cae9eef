"""Clips without their motion, so that a discriminator sees what changes rather than what moves."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vsr.motion import Motion, warp


def compensated_triplets(video: Tensor, motion: Motion) -> Tensor:
    """Each frame between its two neighbours, which are warped onto it (TecoGAN: Chu et al., TOG 2020, section 3.1).

    Wherever a neighbour does not show a pixel (there is none at the ends of the clip; it is hidden, or lies outside
    the picture) the frame's own stands in, so that nothing there looks like change. TecoGAN crops the border instead.

    Args:
        video: x ``(B, T, C, H, W)``, T >= 2.
        motion: of the clips, on their grid.

    Returns:
        ``(B, T, 3, C, H, W)`` float32: warp(x_{t-1}), x_t, warp(x_{t+1}).
    """
    video = video.float()
    earlier, later = video[:, :-1], video[:, 1:]
    from_previous = _onto(later, earlier, motion.flow_to_previous, motion.occluded_in_previous)
    from_next = _onto(earlier, later, motion.flow_to_next, motion.occluded_in_next)
    previous = torch.cat((video[:, :1], from_previous), dim=1)
    following = torch.cat((from_next, video[:, -1:]), dim=1)
    return torch.stack((previous, video, following), dim=2)


def _onto(reference: Tensor, supporting: Tensor, flow: Tensor, occluded: Tensor) -> Tensor:
    """``supporting`` on the grid of ``reference``, both (B, T-1, C, H, W), and ``reference`` where occluded."""
    warped = _Warp.apply(supporting.flatten(0, 1), flow.flatten(0, 1)).unflatten(0, flow.shape[:2])
    return torch.where(occluded, reference, warped)


# A gradient penalty differentiates twice, which `grid_sample` itself allows only in recent releases of torch. Warping
# is linear in what is warped: its backward pass is the transpose, and the backward pass of that is warping again.


class _Warp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, flow: Tensor) -> Tensor:
        ctx.save_for_backward(flow)
        return warp(x, flow, padding_mode="border")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _WarpTransposed.apply(gradients[0], *ctx.saved_tensors), None


class _WarpTransposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, flow: Tensor) -> Tensor:
        ctx.save_for_backward(flow)
        with torch.enable_grad():
            anywhere = torch.zeros_like(y).requires_grad_()
            warped = warp(anywhere, flow, padding_mode="border")
        return torch.autograd.grad(warped, anywhere, y)[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _Warp.apply(gradients[0], *ctx.saved_tensors), None
