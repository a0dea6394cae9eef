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

    Fully convolutional, so frames keep their size. It was trained on 224 px and 64 frames at 25 Hz: on smaller or
    fewer ones its features still tell two clips apart, but its classes are less certain.

    An endpoint is (B, C', T', H', W') for clips (B, T, 3, H, W), with every stride rounding up: any T >= 1 will do.
    ``logits`` is (B, 400, 1, 1, 1), the mean over time.

    Args:
        network: its modules by endpoint, weights loaded.
        weights: where they come from.
    """

    def __init__(self, network: nn.Sequential, weights: str) -> None:
        layers = {name: position for position, (name, _) in enumerate(network.named_children()) if name != "time_first"}
        super().__init__(
            "i3d", network, layers, weights, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), reads="clips"
        )

    def smallest_side(self, layer: str) -> int:
        """One whole cell of ``layer``; a smaller frame would run, on more padding than picture."""
        modules = self.network[: self._positions[layer] + 1]
        return math.prod(getattr(module, "stride", (1, 1, 1))[-1] for module in modules)


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
            network = build()
        if weights == "random":
            return I3D(randomise(network), weights)
        state = fold_batch_norms(read_weights(ASSET, weights))
        return I3D(fill(network, state, f"{weights} does not hold I3D's weights"), weights)


def build() -> nn.Sequential:
    """Inception-v1 inflated to three dimensions (paper, figure 3), each batch norm folded into its convolution."""
    return nn.Sequential(
        OrderedDict(
            time_first=_TimeSecond(),
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
