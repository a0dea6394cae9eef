"""Means over the pixels of large features, a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

_VALUES_AT_ONCE = 2**21


def bands(x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The same rows of both (N, C, H, W), as many as make 8 MB in float32, or one.

    Whatever is computed of a band is small enough for the allocator to use its memory again; whole features of a
    large frame would be mapped anew for every operation, which takes longer than the operation.
    """
    rows = max(1, _VALUES_AT_ONCE // (x.shape[0] * x.shape[1] * x.shape[3]))
    return zip(x.split(rows, dim=2), y.split(rows, dim=2), strict=True)


def mean_over_pixels(of: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Mean over the pixels of ``of(x, y)``.

    Args:
        of: two bands (N, C, h, W) to what is to be averaged, (N, h, W).
        x: (N, C, H, W).
        y: likewise.

    Returns:
        (N,).
    """
    sums = [of(*band).sum((1, 2)) for band in bands(x, y)]
    return torch.stack(sums).sum(0) / (x.shape[2] * x.shape[3])
