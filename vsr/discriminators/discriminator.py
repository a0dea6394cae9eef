"""What every discriminator of frames or clips has: convolutions, a smallest input, and a pass through them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from vsr.discriminators.judgement import Judgement
from vsr.errors import UserError

Convolution = nn.Conv2d | nn.Conv3d


class Discriminator(nn.Module):
    """Judges frames (N, C, H, W) or clips (N, C, T, H, W) by convolutions and LeakyReLU(0.2).

    The weights are an argument of the pass: spectral norm makes them anew, and slightly different, each time they
    are read in training, and a pass that is run again for its activations must not see others.

    Args:
        convolutions: in the order in which `judge` takes their weights.
        smallest: shortest side of a frame, in pixels, that it can judge.
    """

    def __init__(self, convolutions: Sequence[Convolution], smallest: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.smallest = smallest

    def weights(self) -> list[Tensor]:
        """Each convolution's weight, its spectral norm applied."""
        return [cast(Tensor, convolution.weight) for convolution in self.convolutions]

    @abstractmethod
    def judge(self, x: Tensor, weights: Sequence[Tensor]) -> Judgement:
        """Judge ``x`` with ``weights``."""

    def forward(self, x: Tensor) -> Judgement:
        """Judge ``x``; raises `UserError` if its frames are too small."""
        check_size(type(self).__name__, x, self.smallest)
        return self.judge(x, self.weights())

    def convolve(self, number: int, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """Convolution ``number`` with its one of ``weights``."""
        convolution = cast(nn.Conv2d, self.convolutions[number])
        return convolution._conv_forward(x, weights[number], convolution.bias)

    def activate(self, number: int, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """The same and LeakyReLU(0.2)."""
        return F.leaky_relu(self.convolve(number, x, weights), 0.2, inplace=True)


def normed(convolution: Convolution, spectral_norm: bool) -> Convolution:
    """``convolution``, its spectral norm bound by 1 where asked for (Miyato et al., ICLR 2018)."""
    if spectral_norm:
        parametrizations.spectral_norm(convolution)
    return convolution


def check_size(who: str, x: Tensor, smallest: int) -> None:
    """Raise `UserError` if a side of ``x`` (..., H, W) is below ``smallest``."""
    height, width = x.shape[-2:]
    if min(height, width) < smallest:
        raise UserError(
            f"{who} needs frames of at least {smallest}x{smallest} px, got {height}x{width}: use a larger data.crop, "
            "or a discriminator of fewer scales or layers"
        )
