"""How HR becomes LR, on the device."""

from vsr.degradations.bicubic import Bicubic, upsample

__all__ = ["Bicubic", "upsample"]
