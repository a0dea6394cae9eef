"""Perceptual loss over time: distance between what a video network sees in the SR clip and in the HR clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vsr.errors import UserError
from vsr.features import FrozenFeatures
from vsr.losses.perceptual import PerceptualLoss


class VideoPerceptualLoss(PerceptualLoss):
    """Σ_l w_l · distance(Φ_l(SR), Φ_l(HR)) with Φ_l (C', T', H', W') of the clip as a whole. Range: [0, ∞).

    The perceptual loss of Johnson et al. 2016 on a network that reads clips: how a frame counts depends on its
    neighbours, so that wrong motion costs something. It is no flicker penalty: an error that changes sign from frame
    to frame costs 0.65 to 0.98 of the same error standing still (I3D, five layers, three clips), as kernels over time
    average it out; the warping loss is for that.

    What the network is given is its own affair: I3D takes the clip at the size it has, VideoMAE resamples it to the
    one it was trained on. The distance is a mean over time as well.

    Args:
        network: a frozen network for clips: ``vsr.features.i3d`` or ``vsr.features.videomae``.
        layers: weight w_l by layer name, e.g. ``Conv3d_2c_3x3``.
        distance: ``l2``, ``l1`` or ``cosine``.

    Raises:
        UserError: another distance, a layer the network does not have, or a network for single frames.
    """

    name: ClassVar[str] = "video_perceptual"

    def __init__(self, network: FrozenFeatures, layers: Mapping[str, float], distance: str = "l2") -> None:
        if network.reads != "clips":
            raise UserError(
                f"loss.video_perceptual.network={network.name} reads single frames: take vsr.features.i3d or "
                "vsr.features.videomae, or use the perceptual term."
            )
        super().__init__(network, layers, distance)
