"""Fills a network that was built on the meta device: from an asset, from the user's file, or at random for tests."""

from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from vsr import assets
from vsr.errors import UserError

Network = TypeVar("Network", bound=nn.Module)


def read_weights(asset: str, weights: str) -> dict[str, Tensor]:
    """The state of ``asset`` where ``weights`` is "pretrained", else that of the .safetensors or .pth file it names.

    Raises:
        UserError: the weights cannot be had.
    """
    if weights == "pretrained":
        return assets.state_dict(asset)
    path = Path(weights).expanduser()
    if not path.is_file():
        raise UserError(f"weights={weights!r} is no file. Give a path, or `pretrained`.")
    return assets.read_tensor_file(path)


def fill(network: Network, state: dict[str, Tensor], source: str, prefix: str = "") -> Network:
    """Load ``state``, whose keys are the network's own after ``prefix``; it may hold more.

    Args:
        network: on the meta device.
        state: the weights, taken over as float32.
        source: what and whose they are, for the message.
        prefix: of the keys in ``state``.

    Raises:
        UserError: a weight is missing or of another shape.
    """
    expected = network.state_dict()
    for key, value in expected.items():
        if prefix + key not in state or state[prefix + key].shape != value.shape:
            raise UserError(f"{source}: {prefix}{key} is missing or of another shape.")
    network.load_state_dict({key: state[prefix + key].float() for key in expected}, assign=True)
    return network


def randomise(network: Network) -> Network:
    """He initialisation (He et al., ICCV 2015) of all convolutions from a fixed seed, zero biases."""
    network = network.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return network
