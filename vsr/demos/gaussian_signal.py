"""Super-resolution in miniature, of which everything is known: Gaussian rows of pixels, and their LR."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.frontier.oracle import GaussianProblem

PIXELS, SCALE = 8, 2
CORRELATION, NOISE = 0.8, 0.3
DEGRADATION = f"means of {SCALE} pixels and noise of deviation {NOISE}"


class GaussianRows:
    """HR: rows of `PIXELS` pixels of variance 1, correlated by `CORRELATION` to the power of their distance.
    LR: the mean of each two pixels, and noise of deviation `NOISE`.

    Attributes:
        problem: the same as matrices.
        root: Σx^½ (pixels, pixels), in float64.
    """

    def __init__(self) -> None:
        place = np.arange(PIXELS)
        signal = CORRELATION ** np.abs(place[:, None] - place)
        operator = np.kron(np.eye(PIXELS // SCALE), np.full((1, SCALE), 1 / SCALE))
        self.problem = GaussianProblem.observed(signal, operator, NOISE**2 * np.eye(PIXELS // SCALE))
        eigenvalues, vectors = np.linalg.eigh(signal)
        self.root = torch.from_numpy(vectors * np.sqrt(eigenvalues) @ vectors.T)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """``count`` rows of HR (count, 8) and of LR (count, 4)."""
        hr = torch.randn(count, PIXELS, generator=generator) @ self.root.float()
        noise = torch.randn(count, PIXELS // SCALE, generator=generator)
        return hr, hr.unflatten(1, (-1, SCALE)).mean(2) + NOISE * noise

    def squared_distance(self, mean: Tensor, covariance: Tensor) -> Tensor:
        """W₂² of the law of HR and the Gaussian of this ``mean`` (…, pixels) and ``covariance`` (…, pixels, pixels).

        Differentiable where the covariance is not singular.
        """
        overlap = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp(min=0).sqrt().sum(-1)
        spread = PIXELS + covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
        return mean.square().sum(-1) + spread - 2 * overlap


def bicubic(lr: Tensor) -> Tensor:
    """LR (count, 4), taken for pictures of one row, to the size of HR."""
    return F.interpolate(lr[:, None, None], size=(1, PIXELS), mode="bicubic")[:, 0, 0]
