"""What a stochastic generator draws its randomness from."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Gaussian(NamedTuple):
    """A diagonal Gaussian: ``mean`` and ``log_variance``, of the same shape ``(B, …)``."""

    mean: Tensor
    log_variance: Tensor


class Latent(NamedTuple):
    """Posterior q(z | LR, HR) of a batch, and prior p(z | LR); ``prior`` None stands for N(0, I)."""

    posterior: Gaussian
    prior: Gaussian | None = None
