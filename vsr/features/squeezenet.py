"""SqueezeNet 1.1 (Iandola et al., arXiv:1602.07360), ImageNet weights of torchvision."""

import functools

import torchvision

from vsr.features.frozen import FrozenFeatures
from vsr.features.trunk import load_trunk

# Fire modules bear the paper's numbers, which count convolution 1 as the first.
LAYERS = {
    "relu1": 1,
    "fire2": 3,
    "fire3": 4,
    "fire4": 6,
    "fire5": 7,
    "fire6": 9,
    "fire7": 10,
    "fire8": 11,
    "fire9": 12,
}


def squeezenet(weights: str = "pretrained") -> FrozenFeatures:
    """SqueezeNet 1.1's layers relu1 and fire2 … fire9.

    Args:
        weights: "pretrained", the path of a file with torchvision's keys, or "random" (tests only).

    Raises:
        UserError: the weights cannot be had.
    """
    return _squeezenet(weights)


# One shared instance for a network, as in vgg.py.
@functools.cache
def _squeezenet(weights: str) -> FrozenFeatures:
    network = load_trunk("squeezenet", torchvision.models.squeezenet1_1, max(LAYERS.values()) + 1, weights)
    return FrozenFeatures("squeezenet", network, LAYERS, weights)
