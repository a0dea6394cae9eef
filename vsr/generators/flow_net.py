"""The optical flow network of FRVSR (Sajjadi et al., "Frame-Recurrent Video Super-Resolution", CVPR 2018, fig. 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.initialisation import kaiming_

MAX_FLOW = 24  # pixels
STRIDE = 8
SLOPE = 0.2


class FlowNet(nn.Module):
    """Flow in one pass through an hourglass of three levels; no longer than 24 pixels in either direction.

    It has no pretrained weights: it learns with the generator that it is part of. Starts near zero flow, so that a
    fresh generator sees the frame before where it was.

    Args:
        width: channels of the finest level, 32 as published (1.74 M parameters); the deepest has eight times as many.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encoder1 = nn.Sequential(*_two_convolutions(6, width), nn.MaxPool2d(2))
        self.encoder2 = nn.Sequential(*_two_convolutions(width, 2 * width), nn.MaxPool2d(2))
        self.encoder3 = nn.Sequential(*_two_convolutions(2 * width, 4 * width), nn.MaxPool2d(2))
        self.decoder1 = nn.Sequential(*_two_convolutions(4 * width, 8 * width))
        self.decoder2 = nn.Sequential(*_two_convolutions(8 * width, 4 * width))
        self.decoder3 = nn.Sequential(*_two_convolutions(4 * width, 2 * width))
        first, last = nn.Conv2d(2 * width, width, 3, padding=1), nn.Conv2d(width, 2, 3, padding=1)
        kaiming_(first, SLOPE)
        kaiming_(last, slope=0, gain=0.001)
        self.flow = nn.Sequential(first, nn.LeakyReLU(SLOPE, inplace=True), last)

    def forward(self, reference: Tensor, supporting: Tensor) -> Tensor:
        """Flow such that ``warp(supporting, flow)`` lies on the grid of ``reference``.

        The network sees multiples of 8 pixels; what is left over at the right and at the bottom gets the flow
        mirrored, as published.

        Args:
            reference: (N, 3, h, w) in [0, 1], h and w at least 16.
            supporting: (N, 3, h, w) in [0, 1].

        Returns:
            (N, 2, h, w) float32, (dx, dy) in pixels.
        """
        x = torch.cat((reference, supporting), dim=1)
        for encoder in (self.encoder1, self.encoder2, self.encoder3):
            x = encoder(x)
        for decoder in (self.decoder1, self.decoder2, self.decoder3):
            x = F.interpolate(decoder(x), scale_factor=2, mode="bilinear", align_corners=False)
        # Half precision would round a flow of 20 pixels to a tenth of one.
        with torch.autocast(x.device.type, enabled=False):
            flow = MAX_FLOW * torch.tanh(self.flow(x.to(torch.promote_types(x.dtype, torch.float32))))
        height, width = reference.shape[2:]
        return F.pad(flow, (0, width % STRIDE, 0, height % STRIDE), mode="reflect")


def _two_convolutions(inputs: int, outputs: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        conv = nn.Conv2d(channels, outputs, 3, padding=1)
        kaiming_(conv, SLOPE)
        layers += [conv, nn.LeakyReLU(SLOPE, inplace=True)]
    return layers
