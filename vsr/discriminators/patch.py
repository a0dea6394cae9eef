"""What the 2-D and the 3-D patch discriminator share: the plan of the layers and the pass through them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.utils import parametrizations

from vsr.discriminators.judgement import Judgement
from vsr.errors import UserError

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


def stages(convolutions: Iterable[nn.Module], spectral_norm: bool) -> nn.ModuleList:
    """Spectral norm (if asked for) on every convolution, LeakyReLU(0.2) after all but the last."""
    normed = [parametrizations.spectral_norm(conv) if spectral_norm else conv for conv in convolutions]
    hidden = [nn.Sequential(conv, nn.LeakyReLU(0.2, inplace=True)) for conv in normed[:-1]]
    return nn.ModuleList([*hidden, normed[-1]])


def judge(stages: nn.ModuleList, x: Tensor) -> Judgement:
    """Run ``x`` through the stages and keep each activation."""
    *hidden, last = stages
    features = []
    for stage in hidden:
        x = stage(x)
        features.append(x)
    return Judgement(last(x), features)


def check_size(x: Tensor, layers: int) -> None:
    """Raise `UserError` if the last two convolutions (4 wide, padded by 1) would have nothing left to read."""
    smallest = 3 * 2**layers
    height, width = x.shape[-2:]
    if min(height, width) < smallest:
        raise UserError(
            f"A patch discriminator with layers={layers} needs frames of at least {smallest}x{smallest} px, got "
            f"{height}x{width}: use a larger data.crop, or fewer discriminator layers or scales."
        )
