"""Bicubic resizing with the conventions of MATLAB's ``imresize``, on any device."""

from fractions import Fraction
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor


def imresize(x: Tensor, scale: Fraction | float) -> Tensor:
    """Resize the last two dimensions by ``scale``: (..., H, W) -> (..., ceil(H*scale), ceil(W*scale)) float32.

    y[i] = sum_j k(u_i - j) x[j] / sum_j k(u_i - j) along each axis, with u_i = (i + 1/2)/scale - 1/2, k Keys' cubic
    convolution kernel (IEEE Trans. ASSP 29(6), 1981; a = -0.5), stretched by 1/scale when shrinking (antialiasing),
    and the border mirrored with its edge pixel repeated. Not clamped: the kernel overshoots.
    """
    ratio = Fraction(scale).limit_denominator(10_000)
    x = x.float()
    for dim in (-2, -1):  # rows first: gathering them is the cheaper half, and the other works on what it leaves
        x = sum_of_taps(x, dim, *_taps(x.shape[dim], ratio, x.device))
    return x


def sum_of_taps(x: Tensor, dim: int, index: Tensor, weight: Tensor) -> Tensor:
    """y[i] = sum_t weight[t, i] x[index[t, i]] along the last dimension or the one before it, ``dim`` -1 or -2.

    ``index`` is ``(taps, n)``, ``weight`` ``(taps, n)`` or ``(taps, 1)``; y has n samples along ``dim``.
    """
    # Tap by tap instead of one matrix product: that would run in TF32 or half precision where those are switched on.
    total: Tensor | None = None
    for source, factor in zip(index, weight, strict=True):
        term = x.index_select(dim, source) * (factor if dim == -1 else factor[:, None])
        total = term if total is None else total + term
    assert total is not None
    return total


@lru_cache(maxsize=64)
def _taps(length: int, scale: Fraction, device: torch.device) -> tuple[Tensor, Tensor]:
    """Source indices and weights of every output sample, tap by tap: two tensors (taps, ceil(length*scale))."""
    with torch.inference_mode(False):  # cached tensors must stay usable by autograd
        shrink = min(float(scale), 1.0)
        reach = 2 / shrink
        centre = (torch.arange(ceil(length * scale), dtype=torch.float64) + 0.5) / float(scale) - 0.5
        # The epsilon keeps rounding from adding a tap to some samples; a tap at the kernel's end weighs nothing.
        first = torch.ceil(centre - reach - 1e-9)
        position = first + torch.arange(int(2 * reach) + 1, dtype=torch.float64)[:, None]
        weight = _cubic((centre - position) * shrink)
        weight = weight / weight.sum(0)
        used = weight.abs().amax(1) > 1e-12
        index = _mirror(position.long(), length)
        return index[used].to(device), weight[used].float().to(device)


def _cubic(x: Tensor, a: float = -0.5) -> Tensor:
    x = x.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def _mirror(index: Tensor, length: int) -> Tensor:
    """... 1 0 | 0 1 .. n-1 | n-1 n-2 ..."""
    index = index % (2 * length)
    return torch.minimum(index, 2 * length - 1 - index)
