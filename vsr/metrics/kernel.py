"""Kernel distance between two sets of features (KID: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018)."""

from __future__ import annotations

import torch
import torchmetrics
from torch import Tensor

from vsr.metrics.too_few import TooFewError


def polynomial_mmd(x: Tensor, y: Tensor) -> Tensor:
    """Unbiased squared maximum mean discrepancy under k(a, b) = (a·b / D + 1)³.

    mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) − 2 mean_{i,j} k(x_i, y_j); 0 on average for two samples of one
    distribution, and so at times below 0.

    Args:
        x: features (n, D), n >= 2.
        y: features (m, D), m >= 2.

    Returns:
        Scalar in float64.
    """
    x, y = x.double(), y.double()
    return _among(x) + _among(y) - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _among(x: Tensor) -> Tensor:
    kernel = _kernel(x, x)
    return (kernel.sum() - kernel.diagonal().sum()) / (len(x) * (len(x) - 1))


class KernelDistance(torchmetrics.Metric):
    """`polynomial_mmd` between the features of SR and those of HR, of a random choice where there are many.

    The choice is the same in every run, and the same places of SR and of HR.

    Args:
        dimensions: D, of a feature.
        name: of the metric, and
        samples: what a feature is of, for the message of the error.
        fewest: features of which each set must have so many.
        most: features kept; memory does not grow beyond.
    """

    full_state_update = False
    sr: Tensor
    hr: Tensor
    keys: Tensor
    seen: Tensor

    def __init__(
        self,
        dimensions: int,
        name: str = "kernel distance",
        samples: str = "features",
        fewest: int = 32,
        most: int = 4096,
    ) -> None:
        super().__init__()
        self.name, self.samples, self.fewest, self.most = name, samples, fewest, most
        # Of one size in every process, also in one that has scored nothing; a key of infinity marks an empty place.
        self.add_state("sr", torch.zeros(most, dimensions), dist_reduce_fx=_joined)
        self.add_state("hr", torch.zeros(most, dimensions), dist_reduce_fx=_joined)
        self.add_state("keys", torch.full((most,), torch.inf, dtype=torch.float64), dist_reduce_fx=_joined)
        self.add_state("seen", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, sr: Tensor, hr: Tensor) -> None:
        """Features of SR and of HR at the same places, (n, D) each."""
        # Those with the smallest random keys are a fair choice out of all, however many come and in whatever parts.
        generator = torch.Generator().manual_seed(int(self.seen))
        keys = torch.rand(len(sr), generator=generator, dtype=torch.float64).to(self.keys.device)
        self.seen += len(sr)
        self.keys, kept = torch.cat((self.keys, keys)).topk(self.most, largest=False)
        self.sr, self.hr = torch.cat((self.sr, sr.float()))[kept], torch.cat((self.hr, hr.float()))[kept]

    def compute(self) -> Tensor:
        """The distance; raises `TooFewError`."""
        keys, kept = self.keys.topk(self.most, largest=False)
        kept = kept[keys.isfinite()]
        if len(kept) < self.fewest:
            raise TooFewError(self.name, len(kept), self.fewest, self.samples)
        return polynomial_mmd(self.sr[kept], self.hr[kept])


def _joined(of_processes: Tensor) -> Tensor:
    return of_processes.flatten(0, 1)
