"""What the 2-D and the 3-D patch discriminator share: the plan of the layers and the pass through them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from vsr.discriminators.discriminator import Convolution, Discriminator, normed
from vsr.discriminators.judgement import Judgement

_WIDEST = 8  # Isola et al. stop doubling at 8 times the first layer's channels


class Layer(NamedTuple):
    """One convolution of the plan: its channels and its spatial stride."""

    channels_in: int
    channels_out: int
    stride: int


def plan(in_channels: int, channels: int, layers: int) -> Iterator[Layer]:
    """``layers`` convolutions of stride 2, one of stride 1, and one of stride 1 that gives the logits."""
    width_in = in_channels
    for depth in range(layers + 1):
        width_out = channels * min(2**depth, _WIDEST)
        yield Layer(width_in, width_out, stride=2 if depth < layers else 1)
        width_in = width_out
    yield Layer(width_in, 1, stride=1)


class PatchDiscriminator(Discriminator):
    """Convolutions one after the other, LeakyReLU(0.2) after all but the last.

    Args:
        convolutions: of a `plan`.
        layers: how many of them have stride 2.
        spectral_norm: bound every convolution's spectral norm by 1.
    """

    def __init__(self, convolutions: Sequence[Convolution], layers: int, spectral_norm: bool) -> None:
        # The last two convolutions, 4 wide and padded by 1, each take a pixel away.
        smallest = 3 * 2**layers
        super().__init__([normed(convolution, spectral_norm) for convolution in convolutions], smallest)

    def judge(self, x: Tensor, weights: Sequence[Tensor]) -> Judgement:
        """Judge ``x`` with ``weights``."""
        features = []
        last = len(weights) - 1
        for number in range(last):
            x = self.activate(number, x, weights)
            features.append(x)
        return Judgement(self.convolve(last, x, weights), features)
