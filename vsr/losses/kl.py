"""KL divergence of a stochastic generator's latent (Kingma and Welling, ICLR 2014), with free bits."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from vsr.generators import Generator
from vsr.generators.latent import Gaussian
from vsr.losses.capability import require
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm


def gaussian_kl(q: Gaussian, p: Gaussian | None = None) -> Tensor:
    """D_KL(q || p) of diagonal Gaussians, element by element; ``p`` None stands for N(0, I).

    ½ [log σp² − log σq² + (σq² + (μq − μp)²) / σp² − 1], in float32, of the shape of the means.
    """
    q_mean, q_log_variance = q.mean.float(), q.log_variance.float()
    if p is None:
        return (q_mean.square() + q_log_variance.exp() - 1 - q_log_variance) / 2
    p_mean, p_log_variance = p.mean.float(), p.log_variance.float()
    ratio = (q_log_variance - p_log_variance).exp()
    distance = (q_mean - p_mean).square() * (-p_log_variance).exp()
    return (ratio + distance - 1 + p_log_variance - q_log_variance) / 2


def free_bits(kl: Tensor, minimum: float) -> Tensor:
    """Σ_j max(minimum, E_batch[KL_j]), KL_j the sum over all elements of channel j (Kingma et al., NeurIPS 2016).

    Args:
        kl: element by element, ``(B, C, …)``, channels j on dimension 1.
        minimum: nats that a channel may carry at no cost; 0 gives the plain KL, summed, mean over the batch.
    """
    per_channel = kl.flatten(2).sum(2) if kl.ndim > 2 else kl
    return per_channel.mean(0).clamp(min=minimum).sum()


class KLLoss(LossTerm):
    """D_KL(q(z | LR, HR) || p(z | LR)) in nats: sum over the latent's elements, mean over the batch. Range: [0, ∞).

    It compares distributions of the latent (`Comparison.latent`); pixels are no distribution. Being a sum it grows
    with the latent, hence its small λ. Annealing (Bowman et al., CoNLL 2016) is a weight with a ramp, as
    ``weight: {value: 1e-4, ramp: 10000}``.

    Args:
        free_bits: nats that each channel may carry at no cost; keeps the generator from ignoring its latent.
    """

    needs_latent: ClassVar[bool] = True

    def __init__(self, free_bits: float = 0.0) -> None:
        self.free_bits = free_bits

    def check_generator(self, generator: Generator) -> None:
        """Raise `UserError` unless the generator has a latent."""
        require(generator, "has_latent", "loss.kl needs a generator with a latent")

    def __call__(self, comparison: Comparison) -> Tensor:
        """KL of the latent, at least ``free_bits`` a channel."""
        if comparison.latent is None:
            raise ValueError("the comparison holds no latent")
        return free_bits(gaussian_kl(*comparison.latent), self.free_bits)
