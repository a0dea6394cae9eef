"""What the tests of all loss terms share: one call to compute a term, and the terms that compare SR with HR."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from vsr.discriminators import MultiScale, PatchDiscriminator2d, PatchDiscriminator3d
from vsr.features import i3d, vgg16
from vsr.losses import (
    FeatureMatchingLoss,
    FrequencyLoss,
    LossStack,
    LossTerm,
    LpipsLoss,
    MsSsimLoss,
    PerceptualLoss,
    PixelLoss,
    Schedule,
    SsimLoss,
    StyleLoss,
    VideoPerceptualLoss,
)


def value_of(term: LossTerm, sr: Tensor, hr: Tensor, **known) -> Tensor:
    """The term of SR and HR as training computes it: through a stack."""
    stack = LossStack({"term": term}, {"term": Schedule(1.0)})
    return stack(stack.compare(sr, hr, hr, 0, **known), 0).total


def critics() -> dict[str, MultiScale]:
    """A small judge of frames and one of clips, two scales each."""
    torch.manual_seed(1)
    spatial = MultiScale(partial(PatchDiscriminator2d, channels=4, layers=1), scales=2, reads="frames")
    temporal = MultiScale(partial(PatchDiscriminator3d, channels=4, layers=1), scales=2, reads="clip")
    return {"spatial": spatial.eval(), "temporal": temporal.eval()}


@dataclass(frozen=True)
class Case:
    """A term that is 0 where SR equals HR.

    Args:
        term: builds it, with random weights.
        side: of the frames it is tested on.
        per_frame: whether it takes each frame by itself.
    """

    term: Callable[[], LossTerm]
    side: int = 32
    per_frame: bool = True


SHALLOW = {"relu1_2": 1.0, "relu2_2": 0.5}
EARLY = {"Conv3d_1a_7x7": 1.0, "MaxPool3d_3a_3x3": 0.5}
FULL_REFERENCE = {
    "pixel_l1": Case(lambda: PixelLoss("l1")),
    "pixel_mse": Case(lambda: PixelLoss("mse")),
    "pixel_charbonnier": Case(PixelLoss),
    "ssim": Case(SsimLoss),
    "ms_ssim": Case(MsSsimLoss, side=161),
    "frequency": Case(FrequencyLoss),
    "perceptual_l1": Case(lambda: PerceptualLoss(vgg16("random"), SHALLOW, "l1")),
    "perceptual_l2": Case(lambda: PerceptualLoss(vgg16("random"), SHALLOW, "l2")),
    "style": Case(lambda: StyleLoss(vgg16("random"), SHALLOW)),
    "lpips_alex": Case(lambda: LpipsLoss("alex", "random")),
    "lpips_vgg": Case(lambda: LpipsLoss("vgg", "random")),
    "lpips_squeeze": Case(lambda: LpipsLoss("squeeze", "random")),
    "feature_matching": Case(FeatureMatchingLoss, per_frame=False),
    "video_perceptual_l1": Case(lambda: VideoPerceptualLoss(i3d("random"), EARLY, "l1"), per_frame=False),
    "video_perceptual_l2": Case(lambda: VideoPerceptualLoss(i3d("random"), EARLY, "l2"), per_frame=False),
}
