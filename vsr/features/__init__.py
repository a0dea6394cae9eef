"""Frozen pretrained networks whose intermediate features losses and metrics compare."""

from vsr.features.alexnet import alexnet
from vsr.features.frozen import FrozenFeatures
from vsr.features.vgg import vgg16, vgg19

__all__ = ["FrozenFeatures", "alexnet", "vgg16", "vgg19"]
