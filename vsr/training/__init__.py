"""Training: the only room that sees all the others."""

from vsr.training.checkpoints import Checkpoints
from vsr.training.cosine import cosine_schedule
from vsr.training.diagnosis import Diagnosis
from vsr.training.lightning_trainer import lightning_trainer
from vsr.training.module import VideoSuperResolution
from vsr.training.optimisation import Optimisation

__all__ = ["Checkpoints", "Diagnosis", "Optimisation", "VideoSuperResolution", "cosine_schedule", "lightning_trainer"]
