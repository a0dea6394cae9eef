"""I3D, the RGB stream (Carreira and Zisserman, CVPR 2017, arXiv:1705.07750), trained on Kinetics-400."""

import functools
import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from vsr.features.frozen import FrozenFeatures
from vsr.features.inception3d import Classifier, ConvReLU3d, Inception3d, MaxPool3dSame
from vsr.features.weights import fill, randomise, read_weights

ASSET = "i3d_kinetics400"
_BATCH_NORM_EPSILON = 1e-3


class I3D(FrozenFeatures):
    """I3D's endpoints by the names of the published code, ``Conv3d_1a_7x7`` … ``Mixed_5c``, and ``logits``.

    Fully convolutional: frames are taken at the size they have. An endpoint is (B, C', T', H', W'), every stride
    rounding up, so that any T >= 1 will do. ``logits`` is (B, 400), the mean over time; the classes were trained on
    224 px.

    Args:
        network: its modules by endpoint, weights loaded.
        weights: where they come from.
    """

    def __init__(self, network: nn.Sequential, weights: str) -> None:
        layers = {name: position for position, (name, _) in enumerate(network.named_children()) if position > 0}
        half = (0.5, 0.5, 0.5)  # [0, 1] to [-1, 1]
        super().__init__("i3d", network, layers, weights, mean=half, std=half, reads="clips")

    def smallest_side(self, layer: str) -> int:
        """One whole cell of ``layer``, in pixels; a smaller frame would run, on more padding than picture."""
        modules = self.network[: self._positions[layer] + 1]
        return math.prod(module.stride[-1] for module in modules if isinstance(module, ConvReLU3d | MaxPool3dSame))


class _ChannelsFirst(nn.Module):
    def forward(self, clips: Tensor) -> Tensor:
        return clips.transpose(1, 2)


def i3d(weights: str = "pretrained") -> I3D:
    """I3D for clips.

    Args:
        weights: "pretrained", the path of a file with the asset's keys, or "random" (tests only).

    Raises:
        UserError: the weights cannot be had.
    """
    return _i3d(weights)


# One shared instance, as in vgg.py.
@functools.cache
def _i3d(weights: str) -> I3D:
    with torch.inference_mode(False):
        with torch.device("meta"):
            network = _build()
        if weights == "random":
            return I3D(randomise(network), weights)
        source = f"{weights} does not hold I3D's weights"
        return I3D(fill(network, _fold_batch_norms(read_weights(ASSET, weights)), source), weights)


def _build() -> nn.Sequential:
    """Inception-v1 inflated to three dimensions (paper, figure 3), each batch norm folded into its convolution."""
    return nn.Sequential(
        OrderedDict(
            channels_first=_ChannelsFirst(),
            Conv3d_1a_7x7=ConvReLU3d(3, 64, kernel=7, stride=2),
            MaxPool3d_2a_3x3=MaxPool3dSame((1, 3, 3), stride=(1, 2, 2)),
            Conv3d_2b_1x1=ConvReLU3d(64, 64, kernel=1),
            Conv3d_2c_3x3=ConvReLU3d(64, 192, kernel=3),
            MaxPool3d_3a_3x3=MaxPool3dSame((1, 3, 3), stride=(1, 2, 2)),
            Mixed_3b=Inception3d(192, 64, (96, 128), (16, 32), 32),
            Mixed_3c=Inception3d(256, 128, (128, 192), (32, 96), 64),
            MaxPool3d_4a_3x3=MaxPool3dSame((3, 3, 3), stride=(2, 2, 2)),
            Mixed_4b=Inception3d(480, 192, (96, 208), (16, 48), 64),
            Mixed_4c=Inception3d(512, 160, (112, 224), (24, 64), 64),
            Mixed_4d=Inception3d(512, 128, (128, 256), (24, 64), 64),
            Mixed_4e=Inception3d(512, 112, (144, 288), (32, 64), 64),
            Mixed_4f=Inception3d(528, 256, (160, 320), (32, 128), 128),
            MaxPool3d_5a_2x2=MaxPool3dSame((2, 2, 2), stride=(2, 2, 2)),
            Mixed_5b=Inception3d(832, 256, (160, 320), (32, 128), 128),
            Mixed_5c=Inception3d(832, 384, (192, 384), (48, 128), 128),
            logits=Classifier(1024, 400),
        )
    )


def _fold_batch_norms(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each convolution with what follows it: w / √(v + ε) and b − m / √(v + ε) for a batch norm of mean m, variance v
    and bias b, which has no scale. The classifier has a bias of its own and no batch norm.
    """
    folded = {}
    for key, value in state.items():
        if not key.endswith(".Conv_0.weight"):
            continue
        unit = key.removesuffix(".Conv_0.weight")
        if f"{unit}.Conv_0.bias" in state:
            folded["logits.weight"], folded["logits.bias"] = value, state[f"{unit}.Conv_0.bias"]
            continue
        norm = f"{unit}.BatchNorm_0"
        scale = (state[f"{norm}.running_var"].double() + _BATCH_NORM_EPSILON).rsqrt()
        folded[f"{unit}.weight"] = value.double() * scale.view(-1, 1, 1, 1, 1)
        folded[f"{unit}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return folded
