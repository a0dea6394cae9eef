"""Adversarial loss: SR should be taken for real by the discriminators."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from vsr.discriminators import Context, Judgement
from vsr.errors import UserError, choose
from vsr.losses.comparison import Comparison
from vsr.losses.gan_objectives import OBJECTIVES, RELATIVISTIC, discriminator_objective, generator_objective
from vsr.losses.gradient_penalty import r1_penalty
from vsr.losses.term import LossTerm


class AdversarialLoss(LossTerm):
    """Σ over discriminators of weight · mean over their scales of the generator's objective (`gan_objectives`).

    Range: [0, ∞) for vanilla, lsgan and ragan; unbounded below for hinge.

    Args:
        objective: ``vanilla``, ``hinge``, ``lsgan`` or ``ragan``.
        r1_weight: γ of the discriminators' gradient penalty (`r1_penalty`); 0 = none.
        r1_every: discriminator steps from one penalty to the next; it counts that many times over (lazy
            regularisation: StyleGAN2, Karras et al. 2020, appendix B).

    Raises:
        UserError: another objective, a negative weight, or an interval below 1.
    """

    needs_discriminators: ClassVar[bool] = True

    def __init__(self, objective: str = "hinge", r1_weight: float = 0.0, r1_every: int = 16) -> None:
        self.objective = choose("loss.adversarial.objective", objective, OBJECTIVES)
        if r1_weight < 0:
            raise UserError(f"loss.adversarial.r1_weight={r1_weight} must be at least 0")
        if r1_every < 1:
            raise UserError(f"loss.adversarial.r1_every={r1_every} must be at least 1 discriminator step")
        self.r1_weight = r1_weight
        self.r1_every = r1_every

    def __call__(self, comparison: Comparison) -> Tensor:
        """The generator's side of the game, over all discriminators."""
        weights = comparison.discriminator_weights
        losses = [weights[name] * self._generator_loss(comparison, name) for name in comparison.fake]
        return torch.stack(losses).sum()

    def _generator_loss(self, comparison: Comparison, name: str) -> Tensor:
        fake = [judgement.logits for judgement in comparison.fake[name]]
        if self.objective in RELATIVISTIC:
            real = [judgement.logits for judgement in comparison.real[name]]
            losses = [generator_objective(self.objective, *logits) for logits in zip(fake, real, strict=True)]
        else:
            losses = [generator_objective(self.objective, logits) for logits in fake]
        return torch.stack(losses).mean()

    def discriminator_loss(self, real: list[Judgement], fake: list[Judgement]) -> Tensor:
        """The other side of the game for one discriminator: mean over its scales of the discriminator's objective.

        Without its weight, which would only rescale its learning rate.
        """
        per_scale = [
            discriminator_objective(self.objective, on_real.logits, on_fake.logits)
            for on_real, on_fake in zip(real, fake, strict=True)
        ]
        return torch.stack(per_scale).mean()

    def penalty(self, critic: nn.Module, hr: Tensor, step: int, context: Context | None = None) -> Tensor | None:
        """What one discriminator's loss grows by at its step ``step``: γ/2 · E||∇D(HR)||² · r1_every, or None.

        Args:
            critic: the discriminator.
            hr: real clips ``(B, T, 3, H, W)`` in [0, 1].
            step: discriminator step, counted from 0.
            context: of the batch.
        """
        if not self.r1_weight or step % self.r1_every:
            return None
        return self.r1_weight * self.r1_every * r1_penalty(critic, hr, context)
