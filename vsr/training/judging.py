"""The discriminators' side of a step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vsr.discriminators import Judgement, MultiScale
from vsr.losses.adversarial import AdversarialLoss
from vsr.losses.comparison import Judgements
from vsr.training.scene import Attempt


def judge(discriminators: Mapping[str, MultiScale], attempt: Attempt) -> tuple[Judgements, Judgements]:
    """What each discriminator says of HR and of SR."""
    pairs = {
        name: critic.judge_pair(attempt.hr, attempt.sr, attempt.context) for name, critic in discriminators.items()
    }
    return {name: real for name, (real, _) in pairs.items()}, {name: fake for name, (_, fake) in pairs.items()}


def discriminator_losses(adversarial: AdversarialLoss, real: Judgements, fake: Judgements) -> dict[str, Tensor]:
    """What each discriminator is to minimise, without gradient penalty."""
    return {name: adversarial.discriminator_loss(real[name], fake[name]) for name in real}


def penalties(
    adversarial: AdversarialLoss, discriminators: Mapping[str, MultiScale], attempt: Attempt, step: int
) -> dict[str, Tensor]:
    """The gradient penalty of each discriminator where one falls due at discriminator step ``step``."""
    due = {name: adversarial.penalty(d, attempt.hr, step, attempt.context) for name, d in discriminators.items()}
    return {name: penalty for name, penalty in due.items() if penalty is not None}


def discriminator_log(real: Judgements, fake: Judgements, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Loss and mean logits on real and on fake of each discriminator, by their log keys; no gradient."""
    log = {f"train/loss_d_{name}": loss.detach() for name, loss in losses.items()}
    log |= {f"train/d_real_{name}": _mean_logit(judgements) for name, judgements in real.items()}
    return log | {f"train/d_fake_{name}": _mean_logit(judgements) for name, judgements in fake.items()}


def _mean_logit(judgements: list[Judgement]) -> Tensor:
    return torch.stack([judgement.logits.detach().float().mean() for judgement in judgements]).mean()
