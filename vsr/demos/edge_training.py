"""The same generator trained with MSE, L1 and an adversarial loss on scenes that LR does not tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.demos.ambiguous_edges import SCALE, Scenes, scenes
from vsr.discriminators import Context, Judgement, PatchDiscriminator2d
from vsr.losses.adversarial import AdversarialLoss
from vsr.losses.gan_objectives import generator_objective

NOISE = 4
BATCH = 32


class EdgeGenerator(nn.Module):
    """LR (B, 1, h, w) and noise (B, 4), the same at every pixel, to SR (B, 1, 8h, 8w): two convolutions 3x3 and one
    1x1 at the size of LR, then pixel shuffle.

    Args:
        channels: of its features.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1 + NOISE, channels, 3, padding=1, padding_mode="replicate"),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate"),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, SCALE**2, 1),
            nn.PixelShuffle(SCALE),
        )

    def forward(self, lr: Tensor, noise: Tensor) -> Tensor:
        """SR."""
        return cast(Tensor, self.layers(torch.cat([lr, noise[..., None, None].expand(-1, -1, *lr.shape[2:])], 1)))


class Critic(nn.Module):
    """A small patch discriminator of (B, 2, 24, 24), HR or SR beside LR, that is called as those of video are."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator = PatchDiscriminator2d(in_channels=2, channels=16, layers=2, spectral_norm=False)

    def forward(self, pictures: Tensor, context: Context | None = None) -> list[Judgement]:
        """What it makes of ``pictures``, at its one scale."""
        return [self.discriminator(pictures)]


def fit(loss: Callable[[Tensor, Tensor], Tensor], steps: int, seed: int) -> EdgeGenerator:
    """Trained with ``loss(SR, HR)``."""
    generator, draws = _begin(seed)
    optimiser = torch.optim.Adam(generator.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        batch = scenes(BATCH, draws)
        _step(optimiser, loss(generator(batch.lr, noise(BATCH, draws)), batch.hr))
        schedule.step()
    return generator.eval()


def fit_adversarial(steps: int, seed: int) -> EdgeGenerator:
    """Trained with nothing but the loss of a patch discriminator that sees LR beside HR or SR.

    The vanilla objective with a gradient penalty, which is what lets both sides settle (Mescheder et al., ICML 2018):
    with hinge and spectral norm the generator learns one place and ignores the noise.
    """
    generator, draws = _begin(seed)
    loss = AdversarialLoss("vanilla", r1_weight=0.01, r1_every=4)
    critic = Critic()
    optimiser, of_critic = (
        torch.optim.Adam(each.parameters(), lr=1e-3, betas=(0.0, 0.99)) for each in (generator, critic)
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        batch = scenes(BATCH, draws)
        real, fake = (_beside_lr(each, batch) for each in (batch.hr, generator(batch.lr, noise(BATCH, draws))))
        critic_loss = loss.discriminator_loss(critic(real), critic(fake.detach()))
        if (penalty := loss.penalty(critic, real, step)) is not None:
            critic_loss = critic_loss + penalty
        _step(of_critic, critic_loss)
        _step(optimiser, generator_objective("vanilla", critic(fake)[0].logits))
        schedule.step()
    return generator.eval()


def noise(count: int, generator: torch.Generator) -> Tensor:
    """(count, 4)."""
    return torch.randn(count, NOISE, generator=generator)


def _begin(seed: int) -> tuple[EdgeGenerator, torch.Generator]:
    torch.manual_seed(seed)
    return EdgeGenerator(), torch.Generator().manual_seed(seed)


def _beside_lr(pictures: Tensor, batch: Scenes) -> Tensor:
    """(B, 2, 24, 24)."""
    return torch.cat([pictures, F.interpolate(batch.lr, scale_factor=SCALE)], 1)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
