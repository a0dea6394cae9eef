"""The modules of an inflated Inception-v1, with TensorFlow's SAME padding, as it was trained.

SAME: n samples at stride s become ⌈n / s⌉; what the kernel lacks for that is added half on each side, an odd sample at
the end, so that the padding depends on the size of the input.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Size = tuple[int, ...]


def pad_same(x: Tensor, kernel: Size, stride: Size, value: float) -> Tensor:
    """Pad the last ``len(kernel)`` axes of ``x`` with ``value`` as SAME does."""
    padding: list[int] = []
    for size, k, s in zip(x.shape[-len(kernel) :], kernel, stride, strict=True):
        missing = max((-(-size // s) - 1) * s + k - size, 0)
        padding = [missing // 2, missing - missing // 2, *padding]  # F.pad lists the last axis first
    return F.pad(x, padding, value=value)


class ConvReLU3d(nn.Conv3d):
    """Convolution, bias and ReLU: (B, C, T, H, W) to (B, C', ⌈T/s⌉, ⌈H/s⌉, ⌈W/s⌉).

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: its side in space and time, odd.
        stride: s, in space and time.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and clip below at 0."""
        if self.stride != (1, 1, 1):  # at stride 1 SAME is symmetric, and the convolution's own padding costs no copy
            x = pad_same(x, self.kernel_size, self.stride, value=0.0)
        return F.relu(super().forward(x), inplace=True)


class MaxPool3dSame(nn.Module):
    """Maximum over a window of ``kernel`` (time, height, width), every ``stride``, of the samples inside the input."""

    def __init__(self, kernel: Size, stride: Size) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to (B, C, T', H', W')."""
        return F.max_pool3d(pad_same(x, self.kernel, self.stride, value=-torch.inf), self.kernel, self.stride)


class Inception3d(nn.Module):
    """Four branches side by side, concatenated over channels: 1, 1-then-3, 1-then-3, and a pooling then 1.

    Args:
        inputs: channels in.
        branch_0: channels of the convolution of side 1.
        branch_1: channels of the first and of the second convolution.
        branch_2: likewise.
        branch_3: channels after the pooling.
    """

    def __init__(
        self, inputs: int, branch_0: int, branch_1: tuple[int, int], branch_2: tuple[int, int], branch_3: int
    ) -> None:
        super().__init__()
        # The names are the published checkpoint's.
        self.Branch_0 = nn.Sequential(OrderedDict(Conv3d_0a_1x1=ConvReLU3d(inputs, branch_0, 1)))
        self.Branch_1 = _one_then_three(inputs, *branch_1)
        self.Branch_2 = _one_then_three(inputs, *branch_2)
        pooling = nn.MaxPool3d(3, stride=1, padding=1)
        self.Branch_3 = nn.Sequential(
            OrderedDict(MaxPool3d_0a_3x3=pooling, Conv3d_0b_1x1=ConvReLU3d(inputs, branch_3, 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to (B, C', T, H, W), C' the sum over the branches."""
        return torch.cat([self.Branch_0(x), self.Branch_1(x), self.Branch_2(x), self.Branch_3(x)], dim=1)


class Classifier(nn.Conv3d):
    """Class scores of a clip: mean over space and over two neighbouring instants, linear map, mean over time."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(inputs, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to (B, classes)."""
        pooled = x.mean((3, 4), keepdim=True)
        if pooled.shape[2] > 1:
            pooled = F.avg_pool3d(pooled, (2, 1, 1), stride=1)
        return super().forward(pooled).mean((2, 3, 4))


def _one_then_three(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(Conv3d_0a_1x1=ConvReLU3d(inputs, inner, 1), Conv3d_0b_3x3=ConvReLU3d(inner, outputs, 3))
    )
