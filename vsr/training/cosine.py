"""Cosine learning-rate schedule as a function of the generator step alone."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def cosine_schedule(optimizer: Optimizer, steps: int, final_ratio: float = 0.0) -> LambdaLR:
    """lr(s) = lr₀ · (r + (1 − r) · (1 + cos(π·min(s, n)/n)) / 2), half a cosine from lr₀ to r·lr₀.

    torch's CosineAnnealingLR steps from one rate to the next and keeps its length in the checkpoint, so a run that is
    resumed with more steps would climb back up; here the rate follows from the step (Loshchilov & Hutter 2017, eq. 5).

    Args:
        optimizer: whose groups keep their own lr₀.
        steps: n, in generator steps.
        final_ratio: r.
    """

    def factor(step: int) -> float:
        return final_ratio + (1 - final_ratio) * (1 + math.cos(math.pi * min(step, steps) / steps)) / 2

    return LambdaLR(optimizer, factor)
