"""How HR becomes LR, on the device."""

from vsr.degradations.bicubic import Bicubic, upsample
from vsr.degradations.blur import Blur
from vsr.degradations.blur_subsample import BlurSubsample
from vsr.degradations.camera import Camera
from vsr.degradations.compression import Compression
from vsr.degradations.jpeg import Jpeg
from vsr.degradations.noise import Noise
from vsr.degradations.rescale import Rescale

__all__ = ["Bicubic", "Blur", "BlurSubsample", "Camera", "Compression", "Jpeg", "Noise", "Rescale", "upsample"]
