"""Flow-guided deformable alignment (Chan et al., "BasicVSR++: Improving Video Super-Resolution with Enhanced
Propagation and Alignment", CVPR 2022, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

from vsr.errors import UserError
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.layout import layout_of
from vsr.motion import warp

TAPS = 9  # of a 3x3 kernel


class SecondOrderAlignment(nn.Module):
    """Brings the two states before a frame onto its grid, in one deformable convolution.

    With f1, f2 those states, s1, s2 the flows from the frame to them, and g the frame's own features:
    residue, m = C(g, warp(f1, s1), warp(f2, s2), s1, s2), offsets o = s + max_residue * tanh(residue),
    aligned = D(c(f1, f2); o, sigmoid(m)). D samples, around each pixel p, tap k at p + k + o. Flow alone can point
    to one place only; every group of channels and every tap has an offset of its own.

    The layers are named as in the published weights. At the start every offset is the flow and every mask 1/2.

    Args:
        channels: of each state, and of the result.
        groups: groups of channels, half of them f1's, that have offsets and masks of their own; an even divisor of
            2 * channels.
        max_residue: largest step away from the flow, in pixels.

    Raises:
        UserError: the channels cannot be divided into that many groups.
    """

    def __init__(self, channels: int, groups: int = 16, max_residue: float = 10.0) -> None:
        super().__init__()
        if groups < 2 or groups % 2 or channels % (groups // 2):
            raise UserError(
                f"deform_groups={groups} does not fit channels={channels}: "
                "it must be even, and half of it must divide the channels."
            )
        self.max_residue = max_residue
        # The kernel of D, laid out like that of the convolution it starts from.
        kernel = nn.Conv2d(2 * channels, channels, 3)
        kaiming_(kernel, slope=1)  # nothing non-linear follows
        self.weight, self.bias = kernel.weight, kernel.bias
        # Of the frame's features, both warped states and both flows.
        self.conv_offset = nn.Sequential(
            nn.Conv2d(3 * channels + 4, channels, 3, padding=1),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
            nn.Conv2d(channels, 3 * TAPS * groups, 3, padding=1),
        )
        *hidden, last = (layer for layer in self.conv_offset if isinstance(layer, nn.Conv2d))
        for conv in hidden:
            kaiming_(conv)
        kaiming_(last, gain=0)

    def forward(self, current: Tensor, state_1: Tensor, state_2: Tensor, flow_1: Tensor, flow_2: Tensor) -> Tensor:
        """The states, aligned: (N, channels, h, w).

        Args:
            current: g, features of the frame, (N, channels, h, w).
            state_1: f1, state of the frame before, likewise.
            state_2: f2, state of the frame before that, likewise.
            flow_1: s1, (N, 2, h, w), from this frame to the one before, in pixels.
            flow_2: s2, from this frame to the one before that, likewise.
        """
        warped_1, warped_2 = warp(torch.cat((state_1, state_2)), torch.cat((flow_1, flow_2))).chunk(2)
        condition = torch.cat((warped_1, current, warped_2, flow_1, flow_2), dim=1)
        learnt = self.conv_offset(condition.contiguous(memory_format=layout_of(current)))
        residue_1, residue_2, mask = learnt.to(flow_1.dtype).chunk(3, dim=1)
        # Offsets are (dy, dx) a tap, those of the groups of state_1 first.
        residue = self.max_residue * torch.cat((residue_1, residue_2), dim=1).tanh()
        taps = residue.shape[1] // 4
        flow_of_taps = torch.cat((flow_1.flip(1).repeat(1, taps, 1, 1), flow_2.flip(1).repeat(1, taps, 1, 1)), dim=1)
        states = torch.cat((state_1, state_2), dim=1)
        return deformable_convolution(states, residue + flow_of_taps, mask.sigmoid(), self.weight, self.bias)


def deformable_convolution(x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Modulated deformable convolution, 3x3 (Zhu et al., "Deformable ConvNets v2", CVPR 2019), in float32 or better.

    y[p] = bias + sum_k weight[k] mask[p, k] x[p + k + offset[p, k]], bilinear between pixels and 0 outside ``x``.

    Args:
        x: (N, C, h, w).
        offset: (N, 2 * groups * 9, h, w), (dy, dx) of the taps of each group, in pixels. Where one is not a number
            (training has diverged) nothing is sampled.
        mask: (N, groups * 9, h, w).
        weight: (channels, C, 3, 3).
        bias: (channels,).

    Returns:
        (N, channels, h, w) of ``x``'s type.
    """
    # Half types cannot hold a coordinate, and bfloat16 has no kernel on the CPU.
    dtype = torch.promote_types(x.dtype, torch.float32)
    offset = offset.to(dtype)
    # From any pixel such a step leads out of the picture. At a NaN the CPU's kernel would read beyond its memory.
    outside = float(max(x.shape[2:]) + 1)
    offset = torch.where(offset.abs() <= outside, offset, outside)
    with torch.autocast(x.device.type, enabled=False):
        result = deform_conv2d(
            x.to(dtype),
            offset,
            weight.to(dtype),
            None if bias is None else bias.to(dtype),
            padding=1,
            mask=mask.to(dtype),
        )
    return result.to(x.dtype)
