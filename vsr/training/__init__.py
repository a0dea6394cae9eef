"""Training: the only room that sees all the others."""

from vsr.training.balance import SkipWhileWinning
from vsr.training.checkpoints import Checkpoints
from vsr.training.cosine import cosine_schedule
from vsr.training.diagnosis import Diagnosis
from vsr.training.health import Health
from vsr.training.lightning_trainer import lightning_trainer
from vsr.training.module import VideoSuperResolution
from vsr.training.optimisation import Optimisation
from vsr.training.phases import phased_schedule
from vsr.training.pictures import Pictures
from vsr.training.validation_time import ValidationTime

__all__ = [
    "Checkpoints",
    "Diagnosis",
    "Health",
    "Optimisation",
    "Pictures",
    "SkipWhileWinning",
    "ValidationTime",
    "VideoSuperResolution",
    "cosine_schedule",
    "lightning_trainer",
    "phased_schedule",
]
