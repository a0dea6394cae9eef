"""Loss terms, and the `LossStack` that weighs them over one shared `Comparison`."""

from vsr.losses.adversarial import AdversarialLoss
from vsr.losses.comparison import Comparison
from vsr.losses.perceptual import PerceptualLoss
from vsr.losses.pixel import PixelLoss
from vsr.losses.schedule import Schedule
from vsr.losses.stack import LossStack, StackLoss
from vsr.losses.term import LossTerm

__all__ = [
    "AdversarialLoss",
    "Comparison",
    "LossStack",
    "LossTerm",
    "PerceptualLoss",
    "PixelLoss",
    "Schedule",
    "StackLoss",
]
