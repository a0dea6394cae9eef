"""The networks of a latent head, frame by frame at LR resolution."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vsr.generators.initialisation import LEAKY_SLOPE, kaiming_
from vsr.generators.latent import Gaussian
from vsr.generators.modulation import Modulation
from vsr.generators.residual import ResidualTrunk

BLOCKS = 2
# σ from 0.007 to 7. An unbounded log-variance overflows in exp(), and one bad batch is enough.
LOG_VARIANCE_LIMIT = (-10.0, 4.0)
INITIAL_LOG_VARIANCE = -6.0


class GaussianNetwork(nn.Module):
    """A clip to a Gaussian a pixel and channel of the latent.

    Args:
        inputs: channels in.
        width: of the hidden layers.
        latent_channels: of the Gaussian.
    """

    def __init__(self, inputs: int, width: int, latent_channels: int) -> None:
        super().__init__()
        self.trunk = ResidualTrunk(inputs, width, BLOCKS)
        self.head = nn.Conv2d(width, 2 * latent_channels, 3, padding=1)
        kaiming_(self.head)
        # At σ = 1 noise drowns what the features have to say, and a generator learns to switch them off: it stayed at
        # interpolation for 900 steps.
        nn.init.constant_(self.head.bias[latent_channels:], INITIAL_LOG_VARIANCE)  # type: ignore[index]

    def forward(self, clip: Tensor) -> Gaussian:
        """(B, T, inputs, h, w) -> mean and log-variance (B, latent_channels, T, h, w), float32."""
        parameters = self.head(self.trunk(clip.flatten(0, 1))).unflatten(0, clip.shape[:2])
        mean, log_variance = parameters.transpose(1, 2).float().chunk(2, dim=1)
        return Gaussian(mean, log_variance.clamp(*LOG_VARIANCE_LIMIT))


class ModulationNetwork(nn.Module):
    """A latent to the modulation of a generator's features.

    Starts small, so that the generator beneath is still itself, and not at zero, so that draws differ from the first.

    Args:
        latent_channels: of z.
        width: of the hidden layer.
        channels: of the features.
    """

    def __init__(self, latent_channels: int, width: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(latent_channels, width, 3, padding=1)
        self.last = nn.Conv2d(width, 2 * channels, 3, padding=1)
        kaiming_(self.first)
        kaiming_(self.last, gain=0.001)

    def forward(self, z: Tensor) -> Modulation:
        """(B, latent_channels, T, h, w) -> scale and shift, each (B, T, channels, h, w)."""
        frames = z.transpose(1, 2)
        features = F.leaky_relu(self.first(frames.flatten(0, 1)), LEAKY_SLOPE, inplace=True)
        scale, shift = self.last(features).unflatten(0, frames.shape[:2]).chunk(2, dim=2)
        return Modulation(scale, shift)
