"""Scores one clip by several metrics, frame by frame."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.errors import UserError, choose
from vsr.metrics.distortion import mse, psnr, psnr_y, ssim_y
from vsr.metrics.lpips import Lpips
from vsr.metrics.protocol import PLAIN, Protocol
from vsr.metrics.structural import ms_ssim, ssim

FrameMetric = Callable[[Tensor, Tensor], Tensor]

_FRAMES_AT_ONCE = 8
_FREE_OF_WEIGHTS: dict[str, FrameMetric] = {
    "mse": mse,
    "psnr": psnr,
    "psnr_y": psnr_y,
    "ssim": ssim,
    "ssim_y": ssim_y,
    "ms_ssim": ms_ssim,
}
_LPIPS_NETS = {"lpips": "alex", "lpips_vgg": "vgg"}


class ClipScorer:
    """Mean over the frames of a clip of each metric asked for.

    Args:
        metrics: names out of `vsr.metrics.METRICS`.
        protocol: how the frames are prepared.
        lpips_weights: ``pretrained``, or ``random`` for tests.

    Raises:
        UserError: a metric is unknown or not built, or the weights it needs are not to be had.
    """

    def __init__(self, metrics: Sequence[str], protocol: Protocol = PLAIN, lpips_weights: str = "pretrained") -> None:
        built = [*_FREE_OF_WEIGHTS, *_LPIPS_NETS]
        self.metrics = {name: _frame_metric(choose("metric", name, built), lpips_weights) for name in metrics}
        self.protocol = protocol

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, float]:
        """Clips (T, 3, H, W) in [0, 1] to one number a metric.

        A few frames at a time, so that memory does not grow with T.

        Raises:
            UserError: the two clips differ in shape.
        """
        if sr.shape != hr.shape:
            raise UserError(f"SR of shape {tuple(sr.shape)} cannot be scored against HR of {tuple(hr.shape)}.")
        totals = dict.fromkeys(self.metrics, 0.0)
        for some_sr, some_hr in zip(sr.split(_FRAMES_AT_ONCE), hr.split(_FRAMES_AT_ONCE), strict=True):
            some_sr, some_hr = self.protocol.prepare(some_sr), self.protocol.prepare(some_hr)
            for name, metric in self.metrics.items():
                totals[name] += metric(some_sr, some_hr).sum().item()
        return {name: total / len(sr) for name, total in totals.items()}


def _frame_metric(name: str, lpips_weights: str) -> FrameMetric:
    return Lpips(_LPIPS_NETS[name], lpips_weights) if name in _LPIPS_NETS else _FREE_OF_WEIGHTS[name]
