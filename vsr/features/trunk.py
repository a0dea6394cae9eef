"""The convolutional part of a torchvision classifier, filled with weights."""

import pickle
from collections.abc import Callable
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from vsr import assets
from vsr.errors import UserError


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
        for module in network:
            if isinstance(module, nn.ReLU):
                module.inplace = False  # in place it would overwrite the feature before it
        if weights == "random":
            return _randomise(network)
        state = assets.state_dict(name) if weights == "pretrained" else _read(Path(weights))
        source = f"asset {name}" if weights == "pretrained" else weights
        return _fill(network, {key.removeprefix("features."): value for key, value in state.items()}, name, source)


def _randomise(network: nn.Sequential) -> nn.Sequential:
    network = network.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in network:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
    return network


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"weights={str(path)!r} is no file. Give a path, or `pretrained`.")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (safetensors.SafetensorError, pickle.UnpicklingError, EOFError) as error:
        raise UserError(f"{path} is damaged, or holds more than tensors: it is not loaded.") from error


def _fill(network: nn.Sequential, state: dict[str, Tensor], name: str, source: str) -> nn.Sequential:
    expected = network.state_dict()
    for key, value in expected.items():
        if key not in state or state[key].shape != value.shape:
            raise UserError(f"{source} does not hold {name}'s weights: features.{key} is missing or of another shape.")
    network.load_state_dict({key: state[key].float() for key in expected}, assign=True)
    return network
