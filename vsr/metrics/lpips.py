"""LPIPS v0.1 (Zhang et al., CVPR 2018), computed by the authors' package on pinned trunk weights."""

import functools
import warnings
from typing import NamedTuple

import lpips
import torch
from torch import Tensor, nn

from vsr import assets
from vsr.errors import UserError, choose


class _Trunk(NamedTuple):
    asset: str
    smallest_side: int  # below it the deepest pooling has nothing left to pool


_TRUNKS = {"alex": _Trunk("alexnet", 31), "vgg": _Trunk("vgg16", 16)}


class Lpips:
    """``Σ_layers mean_pixels Σ_channels w_c (f(x) - f(y))²`` with f the features at unit length at each pixel.

    The weights are fetched at once, so that a run that cannot have them ends before it begins. The network is built at
    the first call, on the device of the frames, and shared by all instances of its kind.

    Args:
        net: ``alex``, which papers report, or ``vgg``, which is commonly trained on.
        weights: ``pretrained``, or ``random`` (fixed seed) for tests; the linear heads are the authors' either way.

    Raises:
        UserError: unknown ``net`` or ``weights``, or the trunk's weights are not to be had.
    """

    def __init__(self, net: str = "alex", weights: str = "pretrained") -> None:
        self.net = choose("net", net, _TRUNKS)
        self.weights = choose("weights", weights, ("pretrained", "random"))
        if weights == "pretrained":
            assets.fetch(_TRUNKS[net].asset)

    def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Frames (N, 3, H, W) in [0, 1] to (N,); raises `UserError` if they are too small for the trunk."""
        smallest = _TRUNKS[self.net].smallest_side
        height, width = sr.shape[-2:]
        if min(height, width) < smallest:
            raise UserError(f"LPIPS ({self.net}) needs frames of at least {smallest} px a side, got {height}x{width}.")
        network = _network(self.net, self.weights, sr.device)
        with torch.autocast(sr.device.type, enabled=False):
            return network(sr.float(), hr.float(), normalize=True).flatten()


@functools.cache
def _network(net: str, weights: str, device: torch.device) -> nn.Module:
    # Neither the caller's random numbers nor inference mode may reach, or be reached by, a network that is kept.
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision.models._utils")
        torch.manual_seed(0)
        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
        if weights == "pretrained":
            _load_trunk(network.net, assets.state_dict(_TRUNKS[net].asset))
    return network.requires_grad_(False).eval().to(device)


def _load_trunk(trunk: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load torchvision's ``features.N.weight`` into the package's ``sliceK.N.weight``."""
    trunk.load_state_dict({key: weights[f"features.{key.split('.', 1)[1]}"] for key in trunk.state_dict()})
