"""How HR becomes LR: on the device or, where a video codec takes part, in the data loader's workers.

A degradation is called with HR (B, T, 3, H, W) and returns LR, both in [0, 1]. It has a ``name`` and a ``recipe()`` of
plain values for records and checkpoints, and says whether it draws (``is_random``, from torch's global CPU generator
alone) and whether no device can run it (``runs_in_workers``).
"""

from vsr.degradations.bicubic import Bicubic, upsample
from vsr.degradations.blur import Blur
from vsr.degradations.blur_subsample import BlurSubsample
from vsr.degradations.camera import Camera
from vsr.degradations.compression import Compression
from vsr.degradations.jpeg import Jpeg
from vsr.degradations.noise import Noise
from vsr.degradations.per_clip import degrade
from vsr.degradations.rescale import Rescale

__all__ = [
    "Bicubic",
    "Blur",
    "BlurSubsample",
    "Camera",
    "Compression",
    "Jpeg",
    "Noise",
    "Rescale",
    "degrade",
    "upsample",
]
