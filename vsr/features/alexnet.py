"""AlexNet (Krizhevsky, arXiv:1404.5997, the one-tower variant), ImageNet weights of torchvision."""

import functools

import torchvision

from vsr.features.frozen import FrozenFeatures
from vsr.features.trunk import load_trunk

LAYERS = {"relu1": 1, "relu2": 4, "relu3": 7, "relu4": 9, "relu5": 11}


def alexnet(weights: str = "pretrained") -> FrozenFeatures:
    """AlexNet's layers relu1 … relu5, the ones LPIPS compares.

    Args:
        weights: "pretrained", the path of a file with torchvision's keys, or "random" (tests only).

    Raises:
        UserError: the weights cannot be had.
    """
    return _alexnet(weights)


# One shared instance for a network, as in vgg.py; cached here, where a default and a spelt-out argument are the same.
@functools.cache
def _alexnet(weights: str) -> FrozenFeatures:
    network = load_trunk("alexnet", torchvision.models.alexnet, max(LAYERS.values()) + 1, weights)
    return FrozenFeatures("alexnet", network, LAYERS, weights)
