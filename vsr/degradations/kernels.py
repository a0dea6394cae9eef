"""Blur kernels of Real-ESRGAN (Wang et al., ICCV Workshops 2021, sections 3.1 and 3.3), one a frame.

Sums of each kernel are 1. Parameters are ``(T,)`` tensors on the CPU, kernels ``(T, size, size)`` float32, size odd.
"""

import torch
from torch import Tensor


def gaussian(size: int, sigma_x: Tensor, sigma_y: Tensor, angle: Tensor, beta: Tensor | float = 1.0) -> Tensor:
    """exp(-m^beta / 2), m the squared Mahalanobis distance from the centre; ``beta`` 1 is the Gaussian, others the
    generalised Gaussian. ``angle``: of the x axis, in radians."""
    return _normalised(torch.exp(-0.5 * _distance(size, sigma_x, sigma_y, angle) ** _of_frames(beta)))


def plateau(size: int, sigma_x: Tensor, sigma_y: Tensor, angle: Tensor, beta: Tensor) -> Tensor:
    """1 / (1 + m^beta), m the squared Mahalanobis distance from the centre: flat in the middle for ``beta`` > 1."""
    return _normalised(1 / (1 + _distance(size, sigma_x, sigma_y, angle) ** _of_frames(beta)))


def sinc(size: int, cutoff: Tensor) -> Tensor:
    """omega J1(omega r) / (2 pi r): an ideal low-pass of circular pass band, cut to ``size``: it rings.

    ``cutoff`` is omega, in radians a pixel, pi at most.
    """
    x, y = _grid(size)
    radius = (x**2 + y**2).sqrt().clamp(min=1e-6)  # J1(z) ~ z/2 at the centre
    omega = _of_frames(cutoff.double())
    return _normalised(omega * torch.special.bessel_j1(omega * radius) / (2 * torch.pi * radius))


def _distance(size: int, sigma_x: Tensor, sigma_y: Tensor, angle: Tensor) -> Tensor:
    x, y = _grid(size)
    cos, sin = _of_frames(angle.double().cos()), _of_frames(angle.double().sin())
    along, across = x * cos + y * sin, y * cos - x * sin
    return (along / _of_frames(sigma_x)) ** 2 + (across / _of_frames(sigma_y)) ** 2


def _grid(size: int) -> tuple[Tensor, Tensor]:
    axis = torch.arange(size, dtype=torch.float64) - size // 2
    return axis[None, :], axis[:, None]


def _of_frames(parameter: Tensor | float) -> Tensor | float:
    return parameter[:, None, None] if isinstance(parameter, Tensor) else parameter


def _normalised(kernel: Tensor) -> Tensor:
    return (kernel / kernel.sum((-2, -1), keepdim=True)).float()
