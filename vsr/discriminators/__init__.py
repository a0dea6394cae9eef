"""Discriminators: patch judges of frames (2-D) and of clips (3-D), read at several scales."""

from vsr.discriminators.judgement import Judgement
from vsr.discriminators.multiscale import MultiScale
from vsr.discriminators.patch2d import PatchDiscriminator2d
from vsr.discriminators.patch3d import PatchDiscriminator3d

__all__ = ["Judgement", "MultiScale", "PatchDiscriminator2d", "PatchDiscriminator3d"]
