"""Colour and rounding as the super-resolution literature has them (ITU-R BT.601, MATLAB's ``rgb2ycbcr``)."""

from torch import Tensor

_LUMA = (65.481, 128.553, 24.966)
_FOOT_ROOM = 16.0


def luma_bt601(rgb: Tensor) -> Tensor:
    """``Y = (65.481 R + 128.553 G + 24.966 B + 16) / 255``: RGB (..., 3, H, W) in [0, 1] to (..., 1, H, W).

    This is studio swing: black is 16/255 and white 235/255, so PSNR of it is not comparable with PSNR of the
    full-range Y of JPEG or OpenCV.
    """
    red, green, blue = rgb.split(1, dim=-3)
    return (_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue + _FOOT_ROOM) / 255


def quantise(x: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to the 256 levels that a picture file can hold; the result is still float."""
    return x.clamp(0, 1).mul(255).round().div(255)
