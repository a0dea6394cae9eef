"""Metrics of distortion, perception and time, and the protocols under which they are compared."""

from vsr.metrics.distortion import mse, psnr, psnr_y, ssim_y
from vsr.metrics.lpips import Lpips
from vsr.metrics.protocol import PLAIN, Protocol
from vsr.metrics.scorer import ClipScorer
from vsr.metrics.structural import ms_ssim, ssim
from vsr.metrics.table import METRICS, Metric

__all__ = [
    "METRICS",
    "PLAIN",
    "ClipScorer",
    "Lpips",
    "Metric",
    "Protocol",
    "ms_ssim",
    "mse",
    "psnr",
    "psnr_y",
    "ssim",
    "ssim_y",
]
