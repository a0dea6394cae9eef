"""Whether the discriminators should train on, or wait for the generator to catch up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.discriminators import Judgement
from vsr.errors import UserError


@dataclass(frozen=True)
class SkipWhileWinning:
    """The discriminators' step is left out while they tell real from fake by more than ``lead``.

    Their lead is E[log σ(D(HR))] − E[log σ(D(SR))], over all patches and scales, mean over discriminators and ranks;
    0 for ones that cannot tell. TecoGAN (Chu et al., TOG 2020) trains its discriminator while the lead is below 0.4.
    The logits are log-odds with the objective ``vanilla``; with ``hinge`` and ``lsgan`` they are not, and the bound is
    another; those of ``ragan`` mean nothing one by one. Of a batch in parts it looks at the first.

    Args:
        lead: in nats, above 0.

    Raises:
        UserError: a lead that is not above 0.
    """

    lead: float = 0.4

    def __post_init__(self) -> None:
        if self.lead <= 0:
            raise UserError(f"optimizer.discriminator_rule.lead={self.lead} must be above 0; TecoGAN's is 0.4")

    def skips(self, lead: float) -> bool:
        """Whether discriminators of this lead, the mean over all ranks, wait."""
        return lead >= self.lead


def lead(real: Iterable[list[Judgement]], fake: Iterable[list[Judgement]]) -> Tensor:
    """E[log σ(D(HR))] − E[log σ(D(SR))], mean over scales and discriminators; no gradient.

    Args:
        real: of each discriminator, what it says of HR at each scale.
        fake: the same of SR.
    """
    pairs = [pair for critic in zip(real, fake, strict=True) for pair in zip(*critic, strict=True)]
    with torch.no_grad():
        leads = [_log_likelihood(on_real) - _log_likelihood(on_fake) for on_real, on_fake in pairs]
        return torch.stack(leads).mean()


def _log_likelihood(judgement: Judgement) -> Tensor:
    return F.logsigmoid(judgement.logits.float()).mean()
