"""Discriminators: judges of frames (2-D) and of clips (3-D), read at several scales."""

from vsr.discriminators.context import Context
from vsr.discriminators.discriminator import Discriminator
from vsr.discriminators.judgement import Judgement
from vsr.discriminators.multiscale import MultiScale
from vsr.discriminators.patch2d import PatchDiscriminator2d
from vsr.discriminators.patch3d import PatchDiscriminator3d
from vsr.discriminators.unet import UNetDiscriminator

__all__ = [
    "Context",
    "Discriminator",
    "Judgement",
    "MultiScale",
    "PatchDiscriminator2d",
    "PatchDiscriminator3d",
    "UNetDiscriminator",
]
