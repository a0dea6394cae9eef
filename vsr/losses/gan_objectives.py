"""The classic adversarial objectives, as plain functions of logits.

D(·) is the logit, σ the logistic function. Every function takes logits of any shape and returns their mean loss.
"""

from torch import Tensor
from torch.nn import functional as F

OBJECTIVES = ("vanilla", "hinge", "lsgan", "ragan")
RELATIVISTIC = ("ragan",)


def generator_objective(objective: str, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """What the generator minimises: low where the discriminator takes SR for real.

    vanilla: −log σ(D(SR)), the non-saturating loss of Goodfellow et al. 2014. hinge: −D(SR) (Lim & Ye 2017).
    lsgan: (D(SR) − 1)² (Mao et al. 2017). ragan: ½[−log σ(D(SR) − E D(HR)) − log(1 − σ(D(HR) − E D(SR)))], SR is to
    look more real than HR does on average (Jolicoeur-Martineau 2019; ESRGAN, Wang et al. 2018, eq. 2).

    Args:
        objective: one of ``OBJECTIVES``.
        fake: D(SR).
        real: D(HR), read by the relativistic objectives only.
    """
    fake = fake.float()
    if objective == "vanilla":
        return F.softplus(-fake).mean()
    if objective == "hinge":
        return -fake.mean()
    if objective == "lsgan":
        return (fake - 1).square().mean()
    assert real is not None
    return _relativistic(winner=fake, loser=real.float())


def discriminator_objective(objective: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises, the mean of its loss on real and on fake.

    vanilla: ½[−log σ(D(HR)) − log(1 − σ(D(SR)))]. hinge: ½[max(0, 1 − D(HR)) + max(0, 1 + D(SR))].
    lsgan: ½[(D(HR) − 1)² + D(SR)²]. ragan: ½[−log σ(D(HR) − E D(SR)) − log(1 − σ(D(SR) − E D(HR)))], the generator's
    with the roles swapped. The ½ only scales its learning rate (pix2pix, section 3.3).
    """
    real, fake = real.float(), fake.float()
    if objective == "ragan":
        return _relativistic(winner=real, loser=fake)
    if objective == "vanilla":
        losses = F.softplus(-real).mean(), F.softplus(fake).mean()
    elif objective == "hinge":
        losses = F.relu(1 - real).mean(), F.relu(1 + fake).mean()
    else:
        losses = (real - 1).square().mean(), fake.square().mean()
    return (losses[0] + losses[1]) / 2


def _relativistic(winner: Tensor, loser: Tensor) -> Tensor:
    """½[−log σ(winner − E loser) − log(1 − σ(loser − E winner))], E the mean over the batch and its patches."""
    above = F.softplus(loser.mean() - winner).mean()
    below = F.softplus(loser - winner.mean()).mean()
    return (above + below) / 2
