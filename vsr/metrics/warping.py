"""E_warp: how much a frame changes along the motion of the original (Lai et al., "Learning Blind Video Temporal
Consistency", ECCV 2018).

It rewards blur: a still grey clip scores 0. Never rank by it alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.metrics.chunk import Chunk
from vsr.metrics.running import Neighbours, Running
from vsr.motion import warp
from vsr.motion.estimator import PairFlow
from vsr.motion.occlusion import squared_gradient


def lai_occlusion(flow: Tensor, flow_back: Tensor) -> Tensor:
    """Pixels of the grid of ``flow`` that count as occluded in the authors' code.

    With w' the other flow where w leads, |w + w'|² > 0.01 (|w|² + |w'|²) + 0.5, or |∇w|² > 0.01 |w|² + 0.002 (Ruder et
    al. 2016). Unlike `vsr.motion.occluded`, w' is read bilinearly and pixels that leave the picture are not looked
    for.

    Args:
        flow: w (N, 2, H, W), from the frame asked about to the other.
        flow_back: (N, 2, H, W), from the other to this one.

    Returns:
        bool (N, 1, H, W).
    """
    returning = warp(flow_back, flow, padding_mode="border")
    size = flow.square().sum(1, keepdim=True)
    disagreement = (flow + returning).square().sum(1, keepdim=True)
    inconsistent = disagreement > 0.01 * (size + returning.square().sum(1, keepdim=True)) + 0.5
    return inconsistent | (squared_gradient(flow) > 0.01 * size + 0.002)


def warp_error(frame: Tensor, next_warped: Tensor, occluded: Tensor) -> Tensor:
    """Σ M (x_t − warp(x_{t+1}, w))² / Σ M with M 1 where ``occluded`` is not, over pixels and channels.

    Where nothing is visible the error is 0.

    Args:
        frame: x_t (N, C, H, W) in [0, 1].
        next_warped: x_{t+1} on the grid of x_t, by the flow from t to t+1 of the original.
        occluded: bool (N, 1, H, W), pixels of frame t that frame t+1 does not show.

    Returns:
        (N,) in float32.
    """
    visible = (~occluded).float()
    error = visible * (frame - next_warped).square()
    return error.sum((1, 2, 3)) / (frame.shape[1] * visible.sum((1, 2, 3))).clamp(min=1.0)


class WarpError(Running):
    """`warp_error` of each pair of SR along the motion of HR; of whole frames, cropped afterwards.

    Args:
        flow: ``flow(reference, supporting)``.
    """

    def __init__(self, flow: PairFlow) -> None:
        self.flow = flow
        self._sr, self._hr = Neighbours(), Neighbours()

    def add(self, chunk: Chunk) -> Tensor:
        """One value a pair."""
        frames, following = self._sr(chunk.whole.sr)
        hr, hr_following = self._hr(chunk.whole.hr)
        if not len(frames):
            return torch.empty(0)
        both_ways = self.flow(torch.cat((hr, hr_following)), torch.cat((hr_following, hr)))
        to_next, to_previous = both_ways.float().chunk(2)
        warped = warp(following, to_next, padding_mode="border")
        fields = frames, warped, lai_occlusion(to_next, to_previous)
        return warp_error(*(chunk.protocol.cropped(field) for field in fields))
