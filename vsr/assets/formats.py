"""The formats that published weights come in, each read into torch's layout. No reader runs code from a file."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

WeightReader = Callable[[Path], dict[str, Tensor]]

# torchvision's position of each convolution inside `features`.
VGG16_CONVS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
ALEXNET_CONVS = (0, 3, 6, 8, 10)


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles containers of numpy arrays; raises `pickle.UnpicklingError` on any other global."""

    # numpy 1 and 2 write different module names for the same function.
    allowed = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
    )

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return the named global if it is one of the allowed ones."""
        if (module_name, global_name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is refused: only numpy arrays are read.")
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)


def load_arrays(file: BinaryIO) -> dict[str, Any]:
    """Nested dict of numpy arrays from a pickle, without running anything it names."""
    return ArrayUnpickler(file).load()


def read_flax_trunk(path: Path, scope: str, positions: tuple[int, ...]) -> dict[str, Tensor]:
    """2-D convolutions ``scope/Conv_i`` as torchvision's ``features.N``, HWIO → OIHW.

    Args:
        path: pickled parameters of a Flax module.
        scope: name of the network inside it.
        positions: torchvision's N of each convolution, in order.
    """
    with path.open("rb") as file:
        convolutions = load_arrays(file)[scope]
    state = {}
    for index, position in enumerate(positions):
        convolution = convolutions[f"Conv_{index}"]
        state[f"features.{position}.weight"] = _tensor(convolution["kernel"].transpose(3, 2, 0, 1))
        state[f"features.{position}.bias"] = _tensor(convolution["bias"])
    return state


def read_vgg16_flax(path: Path) -> dict[str, Tensor]:
    """VGG16's convolutions under torchvision's names."""
    return read_flax_trunk(path, "VGG16_0", VGG16_CONVS)


def read_alexnet_flax(path: Path) -> dict[str, Tensor]:
    """AlexNet's convolutions under torchvision's names."""
    return read_flax_trunk(path, "AlexNet_0", ALEXNET_CONVS)


def read_i3d_flax(path: Path) -> dict[str, Tensor]:
    """I3D under its own module path, dots for slashes: ``Mixed_3b.Branch_0.Conv3d_0a_1x1.Conv_0.weight``.

    Convolutions THWIO → OITHW. BatchNorm has ``bias``, ``running_mean`` and ``running_var`` of shape (C,) and, as
    published, no scale: its weight is one, its eps 1e-3.
    """
    with path.open("rb") as file:
        tree = load_arrays(file)
    state = {}
    for name, array in [*_leaves(tree["params"]), *_leaves(tree["batch_stats"])]:
        module, _, parameter = name.rpartition(".")
        if parameter == "kernel":
            state[f"{module}.weight"] = _tensor(array.transpose(4, 3, 0, 1, 2))
        else:
            torch_name = {"bias": "bias", "mean": "running_mean", "var": "running_var"}[parameter]
            state[f"{module}.{torch_name}"] = _tensor(array.reshape(-1))
    return state


def read_basicsr(path: Path) -> dict[str, Tensor]:
    """The generator of a BasicSR checkpoint (its ``params``), names unchanged."""
    return {key: value.contiguous() for key, value in _torch_load(path)["params"].items()}


def read_torchvision_features(path: Path) -> dict[str, Tensor]:
    """The convolutional part (``features.*``) of a torchvision classifier."""
    return {key: value.contiguous() for key, value in _torch_load(path).items() if key.startswith("features.")}


def read_torchvision(path: Path) -> dict[str, Tensor]:
    """All of a torchvision network."""
    return {key: value.contiguous() for key, value in _torch_load(path).items()}


def _torch_load(path: Path) -> dict[str, Any]:
    return torch.load(path, map_location="cpu", weights_only=True)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    for key, value in tree.items():
        name = prefix + key.replace("/", ".")
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value
