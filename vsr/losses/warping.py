"""Warping loss: a frame should be what the one before it becomes under the motion of the original."""

from __future__ import annotations

from torch import Tensor

from vsr.losses.comparison import Comparison, FlowEstimator
from vsr.losses.term import LossTerm
from vsr.motion import warp
from vsr.motion.motion import Motion


def warping_distance(clips: Tensor, motion: Motion) -> Tensor:
    """mean_b [Σ M·|x_{t+1} − warp(x_t, w)| / (C · Σ M)]; both Σ run over the pixels of the T − 1 pairs of clip b.

    A clip of one frame or with nothing visible counts as 0. Each clip is divided by its own Σ M, so that a batch
    costs the same in one process as shared out over several.

    w is the flow from t+1 to t, for backward sampling brings frame t onto the grid of frame t+1 with the flow that
    points back; M is 1 where frame t shows the pixel of frame t+1. Lai et al. 2018 ("Learning Blind Video Temporal
    Consistency", eq. 5) write the same with exp(−50·‖difference‖²) for M; the hard mask is that of their metric.

    Args:
        clips: x ``(B, T, C, H, W)``.
        motion: flow and occlusion of the clips, on their grid.
    """
    if clips.shape[1] < 2:
        return clips.sum() * 0.0
    clips = clips.float()
    warped = warp(clips[:, :-1].flatten(0, 1), motion.flow_to_previous.flatten(0, 1), padding_mode="border")
    difference = (clips[:, 1:] - warped.unflatten(0, motion.flow_to_previous.shape[:2])).abs()
    visible = (~motion.occluded_in_previous).float()
    counted = clips.shape[2] * visible.flatten(1).sum(1)
    return ((visible * difference).flatten(1).sum(1) / counted.clamp(min=1.0)).mean()


class WarpingLoss(LossTerm):
    """Masked L1 between x_{t+1} and x_t warped onto it, x = SR. Range: [0, 1] for images in range.

    Flow and occlusion come from the HR clip, so the generator cannot lower the loss by bending them. A perfect SR
    does not make it 0, as real light and noise change between frames; a still grey picture would: never use it, or
    judge by it, alone.

    Args:
        estimator: motion of the HR clip, e.g. ``vsr.motion.dis``; terms naming the same one share its work.
    """

    def __init__(self, estimator: FlowEstimator) -> None:
        self.estimator = estimator

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean over the clips of the mean over the pixels that the frame before shows."""
        return warping_distance(comparison.sr, comparison.motion(self.estimator))
