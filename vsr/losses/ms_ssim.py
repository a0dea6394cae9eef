"""Multi-scale SSIM as a loss (Wang et al., Asilomar 2003; as a training loss: Zhao et al., IEEE TCI 2017)."""

from __future__ import annotations

from torch import Tensor

from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm
from vsr.metrics.structural import ms_ssim


def ms_ssim_distance(sr: Tensor, hr: Tensor) -> Tensor:
    """1 − MS-SSIM(SR, HR), mean over frames ``(N, C, H, W)`` in [0, 1]; `ms_ssim` says how it is computed."""
    return 1 - ms_ssim(sr, hr).mean()


class MsSsimLoss(LossTerm):
    """1 − MS-SSIM, mean over the frames. Range: [0, 1], as MS-SSIM is in [0, 1]; hence no ½ as in D-SSIM."""

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean over all frames; raises `UserError` unless their sides are longer than 160 px."""
        return ms_ssim_distance(comparison.sr.flatten(0, 1), comparison.hr.flatten(0, 1))
