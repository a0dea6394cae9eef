"""Feature matching: SR and HR should look alike to the discriminators (pix2pixHD: Wang et al., CVPR 2018)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from vsr.discriminators import Judgement
from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm


def feature_matching(fake: list[Judgement], real: list[Judgement]) -> Tensor:
    """E ||D_l(SR) − D_l(HR)||₁ / N_l, mean over the layers l and the scales of one discriminator (section 3.2).

    N_l is the number of elements of layer l. The paper sums over layers and scales; the mean does not depend on how
    many there are.
    """
    distances = [
        (on_fake.float() - on_real.float()).abs().mean()
        for fake_scale, real_scale in zip(fake, real, strict=True)
        for on_fake, on_real in zip(fake_scale.features, real_scale.features, strict=True)
    ]
    return torch.stack(distances).mean()


class FeatureMatchingLoss(LossTerm):
    """L1 distance of the discriminators' activations on SR and on HR, their mean over discriminators by weight.

    Range: [0, ∞).

    A perceptual loss whose network is trained on the very difference between SR and HR.
    """

    needs_discriminators: ClassVar[bool] = True

    def __call__(self, comparison: Comparison) -> Tensor:
        """Σ_d w_d · `feature_matching` of discriminator d / Σ_d w_d."""
        weights = comparison.discriminator_weights
        distances = [
            weights[name] * feature_matching(fake, comparison.real[name]) for name, fake in comparison.fake.items()
        ]
        return torch.stack(distances).sum() / sum(weights.values())
