"""A latent head for any generator: a conditional variational autoencoder (Sohn et al., NeurIPS 2015)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.errors import UserError
from vsr.generators.generator import Generator
from vsr.generators.latent import Gaussian, Latent
from vsr.generators.latent_networks import GaussianNetwork, ModulationNetwork
from vsr.generators.modulation import Modulation


class StochasticState(NamedTuple):
    """A stream's state: that of the generator beneath, and the noise that all its frames share."""

    generator: Any
    noise: Tensor | None


class Stochastic(Generator):
    """SR = G(LR, M(z)): z, a map at LR resolution, modulates the features that G reconstructs from.

    In training z_t is drawn from q(z | LR_t, HR_t), at inference from p(z | LR_t), both Gaussians with diagonal
    covariance by small networks that see one frame. One draw of noise is shared by all frames of a clip,
    z_t = μ_t + σ_t ε, for noise of each frame's own would flicker. `KLLoss` sums the KL of every frame by itself,
    which is not the KL of the frames' joint distribution. In a stack without that term the posterior has no part, and
    training draws from the prior. Nothing but training on pixels keeps a draw true to its LR.

    The attribute ``temperature`` τ is of `forward` and `step`, z_t = μ_t + τ σ_t ε: 0, as a new one has it, gives
    SR of the prior's mean and is deterministic, 1 a draw.

    The head adds 0.1 M parameters at x4 and, in training, activations of ``width`` channels a frame; what a frame of
    SR sees of the clip, and how memory grows with T, depends on the generator beneath.

    Args:
        generator: the one that wears the head.
        latent_channels: of z.
        width: of the networks' hidden layers.
        prior_share: of the clips that training draws from the prior all the same, so that SR at inference is what was
            trained (the hybrid objective of Sohn et al., section 4.2).

    Raises:
        UserError: a share outside [0, 1], or a width below 1.
    """

    has_latent = True

    def __init__(
        self, generator: Generator, latent_channels: int = 8, width: int = 32, prior_share: float = 0.5
    ) -> None:
        super().__init__(generator.scale, generator.channels)
        if min(latent_channels, width) < 1:
            raise UserError(f"generator.latent_channels={latent_channels} and width={width} must be at least 1")
        if not 0 <= prior_share <= 1:
            raise UserError(f"generator.prior_share={prior_share} must be between 0 and 1")
        self.generator = generator
        self.causal = generator.causal
        self.temperature = 0.0
        self.latent_channels = latent_channels
        self.prior_share = prior_share
        self.prior = GaussianNetwork(3, width, latent_channels)
        self.posterior = GaussianNetwork(3 + 3 * generator.scale**2, width, latent_channels)
        self.modulation = ModulationNetwork(latent_channels, width, generator.channels)

    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """See `Generator.forward`; at a temperature above 0 the noise is the CPU's of torch's global seed."""
        return self.draw(lr, self._noise(lr), modulation)

    def draw(self, lr: Tensor, noise: Tensor | None = None, modulation: Modulation | None = None) -> Tensor:
        """SR of z = μ + σ · noise under the prior.

        Args:
            lr: (B, T, 3, h, w).
            noise: (B, latent_channels, h, w), τ times a standard normal draw; None for z = μ.
            modulation: applied after that by z.
        """
        self.generator.check_input(lr)
        z = sample(self.prior(lr), noise)
        return self.generator(lr, chain(self.modulation(z), modulation))

    def draw_prior(self, lr: Tensor) -> Tensor:
        """See `Generator.draw_prior`."""
        B, _, _, h, w = lr.shape
        return self.draw(lr, torch.randn(B, self.latent_channels, h, w, device=lr.device))

    def draw_posterior(self, lr: Tensor, hr: Tensor) -> tuple[Tensor, Latent]:
        """See `Generator.draw_posterior`."""
        self.generator.check_input(lr)
        prior, posterior = self.prior(lr), self.posterior(torch.cat((lr, F.pixel_unshuffle(hr, self.scale)), dim=2))
        noise = torch.randn_like(prior.mean[:, :, 0])
        from_prior = torch.rand(len(lr), 1, 1, 1, 1, device=lr.device) < self.prior_share
        z = torch.where(from_prior, sample(prior, noise), sample(posterior, noise))
        return self.generator(lr, self.modulation(z)), Latent(posterior, prior)

    def step(
        self, lr: Tensor, state: StochasticState | None = None, modulation: Modulation | None = None
    ) -> tuple[Tensor, StochasticState]:
        """See `Generator.step`; the noise is drawn with the first frame, at the temperature of that moment."""
        inner, noise = state or StochasticState(None, self._noise(lr[:, None]))
        z = sample(self.prior(lr[:, None]), noise)
        chained = chain(self.modulation(z).frames(0), modulation)
        sr, inner = self.generator.step(lr, inner, chained)
        return sr, StochasticState(inner, noise)

    def flow_of(self, lr: Tensor) -> tuple[Tensor, ...]:
        """As the generator beneath."""
        return self.generator.flow_of(lr)

    @contextmanager
    def with_flow(self, flows: tuple[Tensor, ...]) -> Iterator[None]:
        """As the generator beneath."""
        with self.generator.with_flow(flows):
            yield

    def flow_parameters(self) -> list[torch.nn.Parameter]:
        """Those of the generator beneath."""
        return self.generator.flow_parameters()

    @property
    def flow_is_pretrained(self) -> bool:
        """As of the generator beneath."""
        return self.generator.flow_is_pretrained

    def compile(self, *args: Any, **options: Any) -> None:
        """Compile the generator beneath, which is what takes time."""
        self.generator.compile(*args, **options)

    def check_input(self, lr: Tensor) -> None:
        """As the generator beneath."""
        self.generator.check_input(lr)

    def _noise(self, lr: Tensor) -> Tensor | None:
        """Noise of the clips ``lr`` (B, T, 3, h, w) at the temperature that is set."""
        if self.temperature == 0:
            return None
        B, _, _, h, w = lr.shape
        # On the CPU, so that one seed gives one draw on every device.
        return self.temperature * torch.randn(B, self.latent_channels, h, w).to(lr.device)


def sample(gaussian: Gaussian, noise: Tensor | None) -> Tensor:
    """z_t = μ_t + σ_t · noise (B, C, T, h, w), in float32, one noise (B, C, h, w) for all frames; None gives μ."""
    if noise is None:
        return gaussian.mean
    return gaussian.mean + (gaussian.log_variance / 2).exp() * noise[:, :, None]


def chain(first: Modulation, second: Modulation | None) -> Modulation:
    """The modulation that does what ``first`` and then ``second`` do."""
    if second is None:
        return first
    return Modulation((1 + first.scale) * (1 + second.scale) - 1, second(first.shift))
