"""Pixel-wise metrics, one value a frame; the literature averages them over frames, then over clips."""

from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from vsr.metrics.colour import luma_bt601
from vsr.metrics.structural import ssim

PSNR_CAP = 100.0  # dB; equal frames would be infinite, and one of them would make every mean so


def mse(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean squared error over channels and pixels: (N, C, H, W) in [0, 1] to (N,)."""
    return (sr.float() - hr.float()).square().mean((1, 2, 3))


def psnr(sr: Tensor, hr: Tensor) -> Tensor:
    """``10 log10(1 / MSE)`` in dB of each frame, at most 100: (N, C, H, W) in [0, 1] to (N,)."""
    # Per frame: without `dim` torchmetrics pools the error of all frames, and the worst frame decides.
    decibels = peak_signal_noise_ratio(sr.float(), hr.float(), data_range=1.0, reduction="none", dim=(1, 2, 3))
    return decibels.clamp(max=PSNR_CAP)


def psnr_y(sr: Tensor, hr: Tensor) -> Tensor:
    """`psnr` of BT.601 luma, which is not rounded: RGB (N, 3, H, W) to (N,)."""
    return psnr(luma_bt601(sr.float()), luma_bt601(hr.float()))


def ssim_y(sr: Tensor, hr: Tensor) -> Tensor:
    """`vsr.metrics.structural.ssim` of BT.601 luma, which is not rounded: RGB (N, 3, H, W) to (N,)."""
    return ssim(luma_bt601(sr.float()), luma_bt601(hr.float()))
