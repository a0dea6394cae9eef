"""The residual trunk of the BasicVSR family."""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_


class ResidualTrunk(nn.Module):
    """A convolution to ``channels`` with LeakyReLU(0.1), then residual blocks.

    The first convolution starts with kernels of zero mean: frames in [0, 1] are mostly brightness, and until a network
    has learnt to look past it, it does no better than interpolation (four times as many steps, in a small one).

    Args:
        inputs: channels in.
        channels: channels out.
        blocks: number of residual blocks.
    """

    def __init__(self, inputs: int, channels: int, blocks: int) -> None:
        super().__init__()
        first = nn.Conv2d(inputs, channels, 3, padding=1)
        kaiming_(first, zero_mean=True)
        # The nesting gives the keys of the published weights: main.0, main.2.N.conv1.
        self.main = nn.Sequential(
            first,
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
            nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks))),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, channels, h, w)."""
        return self.main(x)

    def convolutions(self) -> Iterator[nn.Conv2d]:
        """Its layers: the first one, then two a block."""
        return (module for module in self.modules() if isinstance(module, nn.Conv2d))


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), without normalisation.

    Starts near the identity, so that deep trunks train: Kaiming weights scaled by 0.1, as in Wang et al., "ESRGAN",
    ECCVW 2018.

    Args:
        channels: channels in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        kaiming_(self.conv1, slope=0, gain=0.1)
        kaiming_(self.conv2, slope=0, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) -> the same."""
        return self.conv2(F.relu(self.conv1(x), inplace=True)).add_(x)  # in place: one allocation less
