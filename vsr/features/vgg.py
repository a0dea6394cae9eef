"""VGG16 and VGG19 (Simonyan and Zisserman, ICLR 2015), ImageNet weights of torchvision."""

import functools

import torchvision
from torch import nn

from vsr.features.frozen import FrozenFeatures
from vsr.features.trunk import load_trunk

# Modules of torchvision's `features` up to the last ReLU, without the last pooling.
VGG16_DEPTH = 30
VGG19_DEPTH = 36


def vgg16(weights: str = "pretrained") -> FrozenFeatures:
    """VGG16's layers conv1_1, relu1_1 … conv5_3, relu5_3: each before and after its ReLU.

    Args:
        weights: "pretrained", the path of a file with torchvision's keys, or "random" (tests only).

    Raises:
        UserError: the weights cannot be had.
    """
    return _vgg("vgg16", weights)


def vgg19(weights: str = "pretrained") -> FrozenFeatures:
    """VGG19's layers conv1_1, relu1_1 … conv5_4, relu5_4: each before and after its ReLU.

    Args:
        weights: "pretrained", the path of a file with torchvision's keys, or "random" (tests only).

    Raises:
        UserError: the weights cannot be had.
    """
    return _vgg("vgg19", weights)


# Cached, so that all terms that ask for a network share ONE instance: the Comparison runs each instance once.
@functools.cache
def _vgg(name: str, weights: str) -> FrozenFeatures:
    classifier, depth = {
        "vgg16": (torchvision.models.vgg16, VGG16_DEPTH),
        "vgg19": (torchvision.models.vgg19, VGG19_DEPTH),
    }[name]
    network = load_trunk(name, classifier, depth, weights)
    return FrozenFeatures(name, network, _layer_positions(network), weights)


def _layer_positions(network: nn.Sequential) -> dict[str, int]:
    """``convB_I`` and ``reluB_I`` for the I-th convolution of block B; a pooling ends a block."""
    positions = {}
    block, index = 1, 0
    for position, module in enumerate(network):
        if isinstance(module, nn.MaxPool2d):
            block, index = block + 1, 0
        elif isinstance(module, nn.Conv2d):
            index += 1
            positions[f"conv{block}_{index}"] = position
        else:
            positions[f"relu{block}_{index}"] = position
    return positions
