"""SSIM (Wang et al., IEEE TIP 2004) and MS-SSIM (Wang et al., Asilomar 2003), differentiable for use as losses.

torchmetrics' SSIM is not used because it averages the reflected border as well; the paper, MATLAB and the published
tables average the valid region only.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.errors import UserError

_C1, _C2 = 0.01**2, 0.03**2  # (K L)^2 with data range L = 1
_WINDOW, _SIGMA = 11, 1.5
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang 2003, section 4; finest scale first
_MS_SSIM_SMALLEST = (_WINDOW - 1) * 2 ** (len(_SCALE_WEIGHTS) - 1) + 1

_gauss = [math.exp(-((i - _WINDOW // 2) ** 2) / (2 * _SIGMA**2)) for i in range(_WINDOW)]
_TAPS = [tap / sum(_gauss) for tap in _gauss]


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """``(2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2))``, averaged over the picture.

    11x11 Gaussian window of σ 1.5, population covariance, valid region, per channel and then the mean of the channels.

    Args:
        x: frames (N, C, H, W) in [0, 1].
        y: likewise.

    Returns:
        (N,) in float32 (float64 for float64 input); exactly 1 where x equals y.

    Raises:
        UserError: a side is shorter than the window's 11 px.
    """
    _check_side(x, _WINDOW, "SSIM")
    luminance, contrast_structure = _maps(x, y)
    return (luminance * contrast_structure).mean((1, 2, 3))


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """``l_5^w5 Π_s cs_s^ws`` over five scales, each half as large as the one before, per channel and then the mean.

    l is SSIM's luminance term (read at the coarsest scale only) and cs its contrast and structure term. A scale whose
    mean is negative counts as 0, where a power would be undefined. An odd side is padded by a row of zeros before it
    is halved, as in pytorch-msssim.

    Args:
        x: frames (N, C, H, W) in [0, 1].
        y: likewise.

    Returns:
        (N,) in [0, 1], float32 (float64 for float64 input).

    Raises:
        UserError: a side is not longer than 160 px, so the window does not fit into the coarsest scale.
    """
    _check_side(x, _MS_SSIM_SMALLEST, "MS-SSIM")
    product = torch.ones((), device=x.device)
    for scale, weight in enumerate(_SCALE_WEIGHTS):
        if scale > 0:
            x, y = _halve(x), _halve(y)
        luminance, contrast_structure = _maps(x, y)
        is_coarsest = scale == len(_SCALE_WEIGHTS) - 1
        term = luminance * contrast_structure if is_coarsest else contrast_structure
        product = product * _relu_power(term.mean((2, 3)), weight)
    return product.mean(1)


def _maps(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM's luminance term and its contrast-structure term at each valid pixel.

    With s = x + y and d = x - y they are ``1 - μd² / ((μs² + μd²)/2 + C1)`` and ``1 - σd² / ((σs² + σd²)/2 + C2)``.
    Four blurs instead of five; and where x and y are alike, the cancellation in ``σ² = E[·²] - μ²`` falls on
    quantities that are small to begin with. Moving s to be centred on zero keeps its squares small too.
    """
    dtype = torch.promote_types(x.dtype, torch.float32)
    x, y = x.to(dtype), y.to(dtype)
    difference, centred_sum = x - y, x + y - 1
    mean_d, mean_s = _blur(difference), _blur(centred_sum)
    variance_d = _blur(difference.square()) - mean_d.square()
    variance_s = _blur(centred_sum.square()) - mean_s.square()
    luminance = 1 - mean_d.square() / (((mean_s + 1).square() + mean_d.square()) / 2 + _C1)
    contrast_structure = 1 - variance_d / ((variance_s + variance_d) / 2 + _C2)
    return luminance, contrast_structure


def _blur(x: Tensor) -> Tensor:
    """Gaussian window mean over the valid region: (N, C, H, W) to (N, C, H-10, W-10)."""
    return _blur_along(_blur_along(x, -2), -1)


def _blur_along(x: Tensor, dim: int) -> Tensor:
    # A sum of shifted views and not a convolution: cuDNN may run convolutions in TF32, autocast runs them in half, and
    # on a CPU this is faster.
    valid = x.shape[dim] - _WINDOW + 1
    blurred = x.narrow(dim, 0, valid) * _TAPS[0]
    for offset, tap in enumerate(_TAPS[1:], start=1):
        blurred = torch.add(blurred, x.narrow(dim, offset, valid), alpha=tap)
    return blurred


def _halve(x: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    return F.avg_pool2d(x, 2, padding=(height % 2, width % 2))


def _relu_power(x: Tensor, exponent: float) -> Tensor:
    """``max(x, 0)^exponent``, with gradient 0 where x <= 0: relu followed by a power below 1 would give NaN there."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1).pow(exponent), 0)


def _check_side(x: Tensor, smallest: int, metric: str) -> None:
    height, width = x.shape[-2:]
    if min(height, width) < smallest:
        raise UserError(f"{metric} needs frames of at least {smallest}x{smallest} px, got {height}x{width}.")
