"""The super-resolution network of FRVSR (Sajjadi et al., CVPR 2018) in TecoGAN's form (Chu et al., TOG 2020)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.initialisation import kaiming_
from vsr.generators.modulation import Modulation

# Strides of the transposed convolutions of each scale.
STRIDES = {2: (2,), 3: (3,), 4: (2, 2)}


class SRNet(nn.Module):
    """One frame of SR from its LR and the SR of the frame before, warped onto it and folded into channels.

    SR = U(R(x, fold(warped))) + enlarge(x). Layers are named as in TecoGAN's public PyTorch weights.

    Args:
        scale: 2, 3 or 4.
        channels: width.
        blocks: number of residual blocks.
        enlarge: (N, 3, h, w) -> (N, 3, scale*h, scale*w), by fixed interpolation.
    """

    def __init__(self, scale: int, channels: int, blocks: int, enlarge: nn.Module) -> None:
        super().__init__()
        self.scale = scale
        self.conv_in = nn.Sequential(_first(scale, channels), nn.ReLU(inplace=True))
        self.resblocks = nn.Sequential(*(_ResidualBlock(channels) for _ in range(blocks)))
        layers: list[nn.Module] = []
        for stride in STRIDES[scale]:
            layers += [_transposed(channels, stride), nn.ReLU(inplace=True)]
        self.conv_up = nn.Sequential(*layers)
        self.conv_out = nn.Conv2d(channels, 3, 3, padding=1)
        kaiming_(self.conv_out, slope=0, gain=0.02)  # SR starts near interpolation
        self.upsample_func = enlarge

    def forward(self, lr: Tensor, warped: Tensor, modulation: Modulation | None) -> Tensor:
        """SR (N, 3, scale*h, scale*w).

        Args:
            lr: (N, 3, h, w).
            warped: SR of the frame before, on this frame's grid; zeros for the first frame.
            modulation: of the features before they are enlarged, (N, channels, h, w).
        """
        features = self.resblocks(self.conv_in(torch.cat((lr, space_to_depth(warped, self.scale)), dim=1)))
        if modulation is not None:
            features = modulation(features)
        return self.conv_out(self.conv_up(features)) + self.upsample_func(lr)


def space_to_depth(x: Tensor, scale: int) -> Tensor:
    """(N, C, scale*h, scale*w) -> (N, scale**2 * C, h, w), the colours of a pixel side by side, as in TensorFlow."""
    # pixel_unshuffle puts the pixels of a colour side by side.
    return F.pixel_unshuffle(x, scale).unflatten(1, (-1, scale**2)).transpose(1, 2).flatten(1, 2)


class _ResidualBlock(nn.Module):
    """As `vsr.generators.residual.ResidualBlock`, under other names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        kaiming_(first, slope=0, gain=0.1)
        kaiming_(second, slope=0, gain=0.1)
        self.conv = nn.Sequential(first, nn.ReLU(inplace=True), second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x)


def _first(scale: int, channels: int) -> nn.Conv2d:
    """The convolution that reads LR and the folded SR; a fresh one looks past brightness, as in `ResidualTrunk`."""
    conv = nn.Conv2d(3 * (scale**2 + 1), channels, 3, padding=1)
    kaiming_(conv, slope=0, zero_mean=True)
    with torch.no_grad():
        # What is left beside brightness is small. Biases outgrow it in 40 steps, and 96 of 100 ReLUs would be dead.
        conv.weight[:, :3] *= 4
    return conv


def _transposed(channels: int, stride: int) -> nn.ConvTranspose2d:
    """Enlarges by ``stride`` exactly."""
    padding = 0 if stride == 3 else 1
    conv = nn.ConvTranspose2d(channels, channels, 3, stride, padding, output_padding=padding)
    # Kaiming-normal by what a pixel really sums up: 9 / stride² taps of each channel.
    nn.init.normal_(conv.weight, std=math.sqrt(2 * stride**2 / (9 * channels)))
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv
