"""Loss terms, and the `LossStack` that weighs them over one shared `Comparison`."""

from vsr.losses.adversarial import AdversarialLoss
from vsr.losses.comparison import Comparison
from vsr.losses.feature_matching import FeatureMatchingLoss
from vsr.losses.frequency import FrequencyLoss
from vsr.losses.kl import KLLoss
from vsr.losses.lpips import LpipsLoss
from vsr.losses.ms_ssim import MsSsimLoss
from vsr.losses.perceptual import PerceptualLoss
from vsr.losses.ping_pong import PingPongLoss
from vsr.losses.pixel import PixelLoss
from vsr.losses.schedule import Schedule
from vsr.losses.ssim import SsimLoss
from vsr.losses.stack import LossStack, StackLoss
from vsr.losses.style import StyleLoss
from vsr.losses.temporal_feature import TemporalFeatureLoss
from vsr.losses.term import LossTerm
from vsr.losses.video_perceptual import VideoPerceptualLoss
from vsr.losses.warping import WarpingLoss

__all__ = [
    "AdversarialLoss",
    "Comparison",
    "FeatureMatchingLoss",
    "FrequencyLoss",
    "KLLoss",
    "LossStack",
    "LossTerm",
    "LpipsLoss",
    "MsSsimLoss",
    "PerceptualLoss",
    "PingPongLoss",
    "PixelLoss",
    "Schedule",
    "SsimLoss",
    "StackLoss",
    "StyleLoss",
    "TemporalFeatureLoss",
    "VideoPerceptualLoss",
    "WarpingLoss",
]
