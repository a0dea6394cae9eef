"""Frozen pretrained networks whose intermediate features losses and metrics compare."""

from vsr.features.alexnet import alexnet
from vsr.features.frozen import FrozenFeatures
from vsr.features.i3d import i3d
from vsr.features.squeezenet import squeezenet
from vsr.features.vgg import vgg16, vgg19
from vsr.features.videomae import videomae

__all__ = ["FrozenFeatures", "alexnet", "i3d", "squeezenet", "vgg16", "vgg19", "videomae"]
