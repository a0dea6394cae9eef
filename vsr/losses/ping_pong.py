"""Ping-pong loss: a recurrent generator should come back to what it painted (TecoGAN: Chu et al., TOG 2020)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from vsr.generators import Generator
from vsr.losses.capability import require
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm


def ping_pong_distance(there: Tensor, back: Tensor) -> Tensor:
    """Mean of |SR_t on the way there − SR_t on the way back| over the T − 1 frames seen twice.

    The turning frame T − 1 is seen once and does not count. The paper writes ||·||₂; its code takes L1, as here.

    Args:
        there: SR of frames 0 … T-1, ``(B, T, 3, H, W)``.
        back: SR of frames T-2 … 0 of the clip's way back, ``(B, T-1, 3, H, W)``.

    Returns:
        A scalar; 0 for a clip of one frame.
    """
    if there.shape[1] == 1:
        return there.sum() * 0.0
    return (there[:, :-1].float() - back.flip(1).float()).abs().mean()


class PingPongLoss(LossTerm):
    """L1 distance between SR of a frame on the way there and on the way back. Range: [0, ∞), for pictures [0, 1].

    Detail that drifts or accumulates over a recurrence differs between the two; it looks at no original. The generator
    runs over 2T − 1 frames.
    """

    needs_mirrored_clip: ClassVar[bool] = True

    def check_generator(self, generator: Generator) -> None:
        """Raise `UserError` unless the generator is causal: a bidirectional one sees both ways at once."""
        demand = "loss.ping_pong needs a causal generator (a bidirectional one sees both ways at once)"
        require(generator, "causal", demand)

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean over the frames that the clip passes twice."""
        if comparison.mirrored is None:
            raise ValueError("the comparison holds no mirrored clip")
        return ping_pong_distance(comparison.sr, comparison.mirrored)
