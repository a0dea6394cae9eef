"""The convolutional part of a torchvision classifier, filled with weights."""

from collections.abc import Callable

import torch
from torch import nn

from vsr.features.weights import fill, randomise, read_weights


def load_trunk(name: str, classifier: Callable[[], nn.Module], depth: int, weights: str) -> nn.Sequential:
    """The first ``depth`` modules of a classifier's ``features``, no activation in place.

    Args:
        name: asset that holds the pretrained weights.
        classifier: builds the torchvision model.
        depth: number of modules kept.
        weights: "pretrained"; the path of a .safetensors or .pth file with torchvision's keys (``features.N.weight``);
            or "random", for tests: He initialisation from a fixed seed.

    Raises:
        UserError: the weights cannot be had, or are not this network's.
    """
    # Weights made under inference_mode (a first use in validation) could not serve autograd afterwards, and on the
    # meta device the classifier's unused 100 M parameters are never allocated.
    with torch.inference_mode(False):
        with torch.device("meta"):
            features = classifier().features
        assert isinstance(features, nn.Sequential)
        network = features[:depth]
        for module in network.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False  # in place it would overwrite the feature before it
        if weights == "random":
            return randomise(network)
        source = f"{weights} does not hold {name}'s weights"
        return fill(network, read_weights(name, weights), source, prefix="features.")
