"""From a flow between two frames to the motion of whole clips."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vsr.errors import UserError
from vsr.motion.motion import Motion
from vsr.motion.occlusion import occluded

PairFlow = Callable[[Tensor, Tensor], Tensor]
"""``flow(reference, supporting)``, frames ``(N, 3, H, W)`` in [0, 1] to ``(N, 2, H, W)``: see `vsr.motion`."""


class MotionEstimator:
    """Flow of every pair of neighbouring frames, both ways in one batch, and the occlusions that follow from it.

    Compared and hashed by identity: terms that are given the same estimator share its work (`Comparison.motion`).

    Args:
        flow: estimates the flow of a batch of pairs.
        name: for messages.
    """

    def __init__(self, flow: PairFlow, name: str) -> None:
        self.flow = flow
        self.name = name

    @torch.no_grad()
    def __call__(self, clips: Tensor, known: Motion | None = None) -> Motion:
        """The motion of ``clips`` ``(B, T, 3, H, W)`` in [0, 1]. ``known`` is not used: this one estimates."""
        B, T = clips.shape[:2]
        earlier, later = clips[:, :-1].flatten(0, 1).float(), clips[:, 1:].flatten(0, 1).float()
        if T == 1:
            to_next = to_previous = earlier[:, :2]
        else:
            # Under autocast a flow network may run in half precision; what it returns is float32.
            both = self.flow(torch.cat((earlier, later)), torch.cat((later, earlier))).float()
            to_next, to_previous = both.chunk(2)
        fields = to_next, to_previous, occluded(to_next, to_previous), occluded(to_previous, to_next)
        return Motion(*(field.unflatten(0, (B, T - 1)) for field in fields))


class ExactMotionOnly:
    """Hands on the motion that the data know, as synthetic scenes do (``data.with_motion=true``)."""

    name = "exact"

    def __call__(self, clips: Tensor, known: Motion | None = None) -> Motion:
        """``known``, unless there is none.

        Raises:
            UserError: the data do not know their motion.
        """
        if known is None:
            raise UserError(
                "exact flow needs data that know their motion: data=synthetic data.with_motion=true; "
                "or estimate it with loss.warping.estimator._target_=vsr.motion.dis"
            )
        return known
