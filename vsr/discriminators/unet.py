"""U-Net discriminator: one logit for each pixel (Real-ESRGAN: Wang et al., ICCVW 2021, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from vsr.discriminators.discriminator import Discriminator, normed
from vsr.discriminators.judgement import Judgement

_DOWN = 3  # halvings; the deepest activation is 1/8 as high and wide


class UNetDiscriminator(Discriminator):
    """Ten convolutions: 0 keeps the size, 1 to 3 halve it, 4 to 6 follow a bilinear doubling, 7 to 9 keep it.

    The activations of 2, 1 and 0 are added to those of 4, 5 and 6. Frames (N, C, H, W) of any size from 8 px on to
    logits (N, 1, H, W); where a side is odd, doubling goes to the size of the activation that is added.

    Args:
        in_channels: channels of a frame.
        channels: width of the first layer; the deepest is 8 times as wide.
        spectral_norm: bound the spectral norm of all convolutions but the first and the last by 1.
    """

    def __init__(self, in_channels: int = 3, channels: int = 64, spectral_norm: bool = True) -> None:
        widths = [channels * factor for factor in (1, 2, 4, 8, 4, 2, 1, 1, 1)]
        first, last = nn.Conv2d(in_channels, channels, 3, padding=1), nn.Conv2d(channels, 1, 3, padding=1)
        between = [
            nn.Conv2d(i, o, 4, stride=2, padding=1, bias=False)
            if number < _DOWN
            else nn.Conv2d(i, o, 3, padding=1, bias=False)
            for number, (i, o) in enumerate(pairwise(widths))
        ]
        convolutions = [first, *(normed(convolution, spectral_norm) for convolution in between), last]
        super().__init__(convolutions, smallest=2**_DOWN)

    def judge(self, x: Tensor, weights: Sequence[Tensor]) -> Judgement:
        """Judge ``x`` with ``weights``."""
        features = []
        for number in range(_DOWN + 1):
            x = self.activate(number, x, weights)
            features.append(x)
        for number, skip in zip((4, 5, 6), features[_DOWN - 1 :: -1], strict=True):
            doubled = F.interpolate(x, skip.shape[-2:], mode="bilinear", align_corners=False)
            features.append(self.activate(number, doubled, weights))
            x = features[-1] + skip
        for number in (7, 8):
            x = self.activate(number, x, weights)
            features.append(x)
        return Judgement(self.convolve(9, x, weights), features)
