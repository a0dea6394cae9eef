"""Adversarial loss: SR should be taken for real by the discriminators."""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.discriminators import Judgement
from vsr.errors import choose
from vsr.losses.comparison import Comparison
from vsr.losses.gan_objectives import OBJECTIVES, discriminator_objective, generator_objective
from vsr.losses.term import LossTerm


class AdversarialLoss(LossTerm):
    """Σ over discriminators of the mean over their scales of the generator's objective (`gan_objectives`).

    Range: [0, ∞) for vanilla and lsgan; unbounded below for hinge.

    Args:
        objective: ``vanilla``, ``hinge`` or ``lsgan``.

    Raises:
        UserError: another objective.
    """

    def __init__(self, objective: str = "hinge") -> None:
        self.objective = choose("loss.adversarial.objective", objective, OBJECTIVES)

    def __call__(self, comparison: Comparison) -> Tensor:
        """The generator's side of the game, over all discriminators."""
        per_critic = [
            torch.stack([generator_objective(self.objective, judgement.logits) for judgement in scales]).mean()
            for scales in comparison.fake.values()
        ]
        return torch.stack(per_critic).sum()

    def discriminator_loss(self, real: list[Judgement], fake: list[Judgement]) -> Tensor:
        """The other side of the game for one discriminator: mean over its scales of the discriminator's objective."""
        per_scale = [
            discriminator_objective(self.objective, on_real.logits, on_fake.logits)
            for on_real, on_fake in zip(real, fake, strict=True)
        ]
        return torch.stack(per_scale).mean()
