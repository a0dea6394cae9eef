"""What every degradation has of LR: its size and its 8 bits."""

from __future__ import annotations

import torch
from torch import Tensor


def lr_size(hr: Tensor, scale: int) -> tuple[int, int]:
    """Height and width of LR of ``hr`` (..., H, W).

    Raises:
        ValueError: H or W is no multiple of ``scale``.
    """
    height, width = hr.shape[-2:]
    if height % scale or width % scale:
        raise ValueError(f"HR of {width}x{height} is not a multiple of scale={scale}")
    return height // scale, width // scale


def to_8_bits(lr: Tensor) -> Tensor:
    """``lr`` in [0, 1] at the levels in which pictures are stored."""
    return torch.round(lr * 255) / 255
