"""D-SSIM: how little of the local luminance, contrast and structure survives (Wang et al., IEEE TIP 2004)."""

from __future__ import annotations

from torch import Tensor

from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm
from vsr.metrics.structural import ssim


def dssim(sr: Tensor, hr: Tensor) -> Tensor:
    """(1 − SSIM(SR, HR)) / 2, mean over frames ``(N, C, H, W)`` in [0, 1]; `ssim` says how SSIM is computed."""
    return (1 - ssim(sr, hr).mean()) / 2


class SsimLoss(LossTerm):
    """D-SSIM, mean over the frames. Range: [0, 1]; 0 for equal frames, ½ for unrelated ones."""

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean D-SSIM of all frames; raises `UserError` if they are smaller than the window's 11 px."""
        return dssim(comparison.sr.flatten(0, 1), comparison.hr.flatten(0, 1))
