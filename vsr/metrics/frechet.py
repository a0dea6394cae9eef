"""Fréchet distance between two sets of features (FID: Heusel et al., NeurIPS 2017; FVD: Unterthiner et al., 2018)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torchmetrics
from torch import Tensor

from vsr.metrics.too_few import TooFewError


class Gaussian(NamedTuple):
    """Mean (D,) and covariance (D, D) of a set of features, in float64."""

    mean: Tensor
    covariance: Tensor


def frechet_distance(x: Gaussian, y: Gaussian) -> Tensor:
    """||μ − μ'||² + tr(Σ + Σ' − 2 (Σ Σ')^½), squared 2-Wasserstein between the Gaussians; scalar in float64.

    tr (Σ Σ')^½ is computed as tr (Σ^½ Σ' Σ^½)^½, whose matrices are symmetric.
    """
    root = _root(x.covariance)
    eigenvalues = torch.linalg.eigvalsh(root @ y.covariance @ root).clamp(min=0)
    spread = x.covariance.trace() + y.covariance.trace() - 2 * eigenvalues.sqrt().sum()
    return (x.mean - y.mean).square().sum() + spread


def _root(covariance: Tensor) -> Tensor:
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    return vectors * eigenvalues.clamp(min=0).sqrt() @ vectors.T


class FrechetDistance(torchmetrics.Metric):
    """`frechet_distance` between Gaussians fitted to the features of SR and of HR.

    Args:
        dimensions: D, of a feature.
        name: of the metric, and
        samples: what a feature is of, for the message of the error.
        fewest: features of which each set must have so many; the fewer there are, the larger the distance, so compare
            only values of equally many.
    """

    full_state_update = False
    count: Tensor
    sums: Tensor
    products: Tensor

    def __init__(self, dimensions: int, name: str, samples: str, fewest: int) -> None:
        super().__init__()
        self.name, self.samples, self.fewest = name, samples, fewest
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("sums", torch.zeros(2, dimensions, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("products", torch.zeros(2, dimensions, dimensions, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, sr: Tensor, hr: Tensor) -> None:
        """Features of SR and of HR, (n, D) each."""
        both = torch.stack((sr, hr)).double()
        self.count += len(sr)
        self.sums += both.sum(1)
        self.products += both.mT @ both

    def compute(self) -> Tensor:
        """The distance; raises `TooFewError`."""
        if self.count < self.fewest:
            raise TooFewError(self.name, int(self.count), self.fewest, self.samples)
        means = self.sums / self.count
        covariances = (self.products - self.count * means[:, :, None] * means[:, None]) / (self.count - 1)
        return frechet_distance(*(Gaussian(*moments) for moments in zip(means, covariances, strict=True)))
