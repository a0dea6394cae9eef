"""Which pixels another frame does not show."""

from __future__ import annotations

import torch
from torch import Tensor


def occluded(flow: Tensor, flow_back: Tensor, motion_boundaries: bool = True) -> Tensor:
    """Pixels of one frame, the grid of ``flow``, that have no counterpart in the other.

    A pixel is occluded where its flow leaves the picture, where following the flow and then the other one does not
    lead back, |w + w'|² > 0.01 (|w|² + |w'|²) + 0.5 with w' the other flow where w leads, or at a motion boundary,
    |∇w|² > 0.01 |w|² + 0.002 (Ruder et al. 2016, section 3.3; constants as in Lai et al. 2018).

    Args:
        flow: w ``(N, 2, H, W)``, from the frame asked about to the other, in pixels.
        flow_back: ``(N, 2, H, W)``, from the other frame to this one.
        motion_boundaries: whether the third condition counts. It marks both sides of an edge, where an estimated
            flow is least to be trusted; with an exact flow the first two are closer to the truth.

    Returns:
        bool ``(N, 1, H, W)``.
    """
    flow, flow_back = flow.float(), flow_back.float()
    returning = _at_nearest(flow_back, flow)
    disagreement = (flow + returning).square().sum(1, keepdim=True)
    size = flow.square().sum(1, keepdim=True)
    mask = disagreement > 0.01 * (size + returning.square().sum(1, keepdim=True)) + 0.5
    mask |= leaves_picture(flow)
    if motion_boundaries:
        mask |= squared_gradient(flow) > 0.01 * size + 0.002
    return mask


def _at_nearest(x: Tensor, flow: Tensor) -> Tensor:
    """``x`` at the pixel nearest to p + flow[p]: between two pixels of different motion a mean of both is neither."""
    H, W = flow.shape[-2:]
    column = (torch.arange(W, device=flow.device) + flow[:, 0]).round().clamp(0, W - 1).long()
    row = (torch.arange(H, device=flow.device)[:, None] + flow[:, 1]).round().clamp(0, H - 1).long()
    index = (row * W + column).flatten(1)[:, None].expand(-1, x.shape[1], -1)
    return x.flatten(2).gather(2, index).view_as(x)


def leaves_picture(flow: Tensor) -> Tensor:
    """Where p + flow[p] lies more than half a pixel beyond the outermost pixel centres; bool ``(N, 1, H, W)``."""
    H, W = flow.shape[-2:]
    x = torch.arange(W, device=flow.device) + flow[:, 0]
    y = torch.arange(H, device=flow.device)[:, None] + flow[:, 1]
    return ((x < -0.5) | (x > W - 0.5) | (y < -0.5) | (y > H - 0.5))[:, None]


def squared_gradient(flow: Tensor) -> Tensor:
    """|∇u|² + |∇v|² by forward differences, 0 at the far border; ``(N, 1, H, W)``."""
    squared = torch.zeros_like(flow)
    squared[..., :, :-1] += (flow[..., :, 1:] - flow[..., :, :-1]).square()
    squared[..., :-1, :] += (flow[..., 1:, :] - flow[..., :-1, :]).square()
    return squared.sum(1, keepdim=True)
