"""Sensor noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vsr.degradations.draw import Range, check_probability, generator_on, happens

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def gaussian_noise(clip: Tensor, sigma: Tensor, grey: bool, generator: torch.Generator) -> Tensor:
    """x + sigma n, n standard normal, new for every pixel and frame; ``grey``: the same n in the three channels.

    (T, 3, H, W) with ``sigma`` (T,) on the same device, in units of the clip -> the same.
    """
    T, C, H, W = clip.shape
    noise = torch.randn((T, 1 if grey else C, H, W), generator=generator, device=clip.device)
    return clip + sigma[:, None, None, None] * noise


def poisson_noise(clip: Tensor, strength: Tensor, grey: bool, generator: torch.Generator) -> Tensor:
    """x + strength (k / 256 - x), k Poisson of mean 256 x: shot noise; ``grey``: that of luma, in all channels.

    (T, 3, H, W) in [0, 1] with ``strength`` (T,) on the same device -> the same. The published recipe counts the
    distinct levels of a picture, rounded up to a power of two, in place of 256, which it is for nearly all pictures.
    """
    mean = clip.clamp(0, 1)
    if grey:
        mean = (mean * mean.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    noise = torch.poisson(256 * mean, generator=generator) / 256 - mean
    return clip + strength[:, None, None, None] * noise


class Noise:
    """Adds Gaussian or Poisson noise, independent between frames, of a strength that drifts.

    Args:
        sigma: ``[low, high, step]`` of the Gaussian noise, in levels of 255.
        poisson: likewise, strength of the Poisson noise; 1 is the shot noise of 256 electrons in white.
        gaussian_probability: of Gaussian noise; otherwise it is Poisson noise.
        grey_probability: that the channels share their noise.

    Raises:
        UserError: a value out of range.
    """

    def __init__(
        self,
        sigma: Sequence[float],
        poisson: Sequence[float],
        gaussian_probability: float = 0.5,
        grey_probability: float = 0.4,
    ) -> None:
        self.sigma = Range.parse("noise.sigma", sigma, highest=255)
        self.poisson = Range.parse("noise.poisson", poisson)
        self.gaussian_probability = check_probability("noise.gaussian_probability", gaussian_probability)
        self.grey_probability = check_probability("noise.grey_probability", grey_probability)

    def __call__(self, clip: Tensor) -> Tensor:
        """(T, 3, H, W) in [0, 1] -> the same, float32, beyond [0, 1] where noise takes it there."""
        clip, gaussian, grey = clip.float(), happens(self.gaussian_probability), happens(self.grey_probability)
        strength = (self.sigma if gaussian else self.poisson).walk(len(clip)).to(clip.device)
        generator = generator_on(clip.device)
        if gaussian:
            return gaussian_noise(clip, strength / 255, grey, generator)
        return poisson_noise(clip, strength, grey, generator)
