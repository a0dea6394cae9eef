"""What a discriminator may know of the clips beside the clips themselves."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from vsr.motion.shared import SharedMotion


@dataclass(frozen=True)
class Context:
    """What HR and SR of one batch have in common: LR ``(B, T, 3, h, w)`` in [0, 1], and the motion of HR."""

    lr: Tensor
    motion: SharedMotion
