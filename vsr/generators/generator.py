"""What every generator owes the trainer, and the upsampling head they share."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from vsr.errors import UserError
from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_

# Pixel-shuffle steps of each scale.
SHUFFLES = {2: (2,), 3: (3,), 4: (2, 2)}


class Generator(nn.Module):
    """A network ``forward(lr (B, T, 3, h, w)) -> sr (B, T, 3, scale*h, scale*w)``, both in [0, 1] (SR not clamped).

    The head names its layers as the published BasicVSR family does, so that those weights load key for key.

    Args:
        scale: 2, 3 or 4.
        channels: width of the features that `upsample` is given.
        head_channels: width at high resolution; it dominates the cost of a small generator.

    Raises:
        UserError: another scale.
    """

    min_size: ClassVar[int] = 16
    """Smallest LR height and width."""
    causal: ClassVar[bool] = False
    """Whether frame t of SR depends on no later frame of LR."""
    has_latent: ClassVar[bool] = False
    """Whether SR also depends on a random latent."""

    def __init__(self, scale: int, channels: int, head_channels: int) -> None:
        super().__init__()
        if scale not in SHUFFLES:
            raise UserError(f"scale={scale} is not built. Valid: {', '.join(map(str, SHUFFLES))}.")
        self.scale = scale
        factors = SHUFFLES[scale]
        for number, factor in enumerate(factors, start=1):
            width = head_channels if number == len(factors) else channels
            upconv = nn.Conv2d(channels, width * factor**2, 3, padding=1)
            kaiming_(upconv)
            self.add_module(f"upconv{number}", upconv)
        self.conv_hr = nn.Conv2d(head_channels, head_channels, 3, padding=1)
        self.conv_last = nn.Conv2d(head_channels, 3, 3, padding=1)
        kaiming_(self.conv_hr)
        kaiming_(self.conv_last, slope=0, gain=0.1)  # SR starts near bilinear interpolation

    def flow_parameters(self) -> list[nn.Parameter]:
        """Parameters of the flow estimator, which have their own learning rate."""
        return []

    def check_input(self, lr: Tensor) -> None:
        """Raise `UserError` if the frames of ``lr`` (B, T, 3, h, w) are too small."""
        if lr.ndim != 5 or lr.shape[2] != 3 or 0 in lr.shape:
            raise ValueError(f"lr must be (B, T, 3, h, w), not {tuple(lr.shape)}.")
        h, w = lr.shape[3:]
        if min(h, w) < self.min_size:
            raise UserError(
                f"LR frames of {w}x{h} are too small: width and height must be at least {self.min_size} "
                f"({self.min_size * self.scale} at high resolution)."
            )

    def upsample(self, features: Tensor, lr: Tensor) -> Tensor:
        """SR frames: what the head makes of the features, added to bilinearly upsampled LR.

        Args:
            features: (N, channels, h, w).
            lr: (N, 3, h, w).

        Returns:
            (N, 3, scale*h, scale*w).
        """
        for number, factor in enumerate(SHUFFLES[self.scale], start=1):
            features = F.pixel_shuffle(self.get_submodule(f"upconv{number}")(features), factor)
            features = F.leaky_relu(features, LEAKY_SLOPE, inplace=True)
        features = F.leaky_relu(self.conv_hr(features), LEAKY_SLOPE, inplace=True)
        base = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return base + self.conv_last(features)
