"""Blur of a clip with a random kernel."""

from collections.abc import Mapping, Sequence
from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.degradations import kernels
from vsr.degradations.draw import Range, check_probability, check_weights, happens, pick
from vsr.errors import UserError

SHAPES = ("iso", "aniso", "generalised_iso", "generalised_aniso", "plateau_iso", "plateau_aniso", "sinc")
_SMALL, _SMALL_CUTOFF = 13, pi / 3  # Real-ESRGAN: a kernel of fewer taps cannot cut lower


def blur(clip: Tensor, kernel: Tensor) -> Tensor:
    """Convolve each frame with its kernel, the border replicated: (T, C, H, W) with (T, k, k), k odd -> float32."""
    padded = F.pad(clip.float(), [kernel.shape[-1] // 2] * 4, mode="replicate")
    # Elsewhere not by sums: cuDNN may run a convolution in TF32. On a CPU they are two to four times as fast.
    convolve = convolve_by_sums if clip.device.type == "cpu" else convolve_by_fft
    return convolve(padded, kernel.to(clip.device))


def convolve_by_sums(clip: Tensor, kernel: Tensor) -> Tensor:
    """(T, C, H, W) with (T, k, k) -> (T, C, H - k + 1, W - k + 1): where the kernel has a pixel for each tap."""
    flipped = kernel.flip(-2, -1)[:, None]  # what networks call a convolution is a correlation
    return F.conv2d(clip.transpose(0, 1), flipped, groups=len(clip)).transpose(0, 1)


def convolve_by_fft(clip: Tensor, kernel: Tensor) -> Tensor:
    """The same, as a product of transforms."""
    size, first = [_fast(side) for side in clip.shape[-2:]], kernel.shape[-1] - 1
    product = torch.fft.rfft2(clip, size) * torch.fft.rfft2(kernel[:, None], size)
    return torch.fft.irfft2(product, size)[..., first : clip.shape[-2], first : clip.shape[-1]]


class Blur:
    """Blurs with a kernel drawn as in Real-ESRGAN (sections 3.1 and 3.3), parameters drifting as in RealBasicVSR.

    Args:
        shapes: weight of each kernel shape: ``iso``, ``aniso`` (Gaussians), ``generalised_iso``,
            ``generalised_aniso``, ``plateau_iso``, ``plateau_aniso``, ``sinc``.
        sizes: odd numbers of taps, each as likely.
        sigma: ``[low, high, step]`` of the standard deviations, in pixels.
        angle: of the anisotropic ones, in radians.
        beta_generalised: exponent of the generalised Gaussians; below and above 1 are as likely.
        beta_plateau: exponent of the plateaus, likewise.
        cutoff: of ``sinc``, in radians a pixel; at least pi/3 for kernels of fewer than 13 taps.
        probability: that the clip is blurred at all.

    Raises:
        UserError: a value that makes no kernel.
    """

    def __init__(
        self,
        shapes: Mapping[str, float],
        sizes: Sequence[int] = (7, 9, 11, 13, 15, 17, 19, 21),
        sigma: Sequence[float] = (0.2, 3.0),
        angle: Sequence[float] = (-pi, pi),
        beta_generalised: Sequence[float] = (0.5, 4.0),
        beta_plateau: Sequence[float] = (1.0, 2.0),
        cutoff: Sequence[float] = (pi / 5, pi),
        probability: float = 1.0,
    ) -> None:
        self.shapes = check_weights("blur.shapes", shapes, SHAPES)
        if not sizes or any(not isinstance(size, int) or size < 3 or size % 2 == 0 for size in sizes):
            raise UserError(f"blur.sizes={list(sizes)}: expected odd numbers from 3 on")
        self.sizes = tuple(sizes)
        self.sigma = Range.parse("blur.sigma", sigma, lowest=0.05)
        self.angle = Range.parse("blur.angle", angle, -4, 4)
        self.beta_generalised = Range.parse("blur.beta_generalised", beta_generalised, lowest=0.1)
        self.beta_plateau = Range.parse("blur.beta_plateau", beta_plateau, lowest=0.1)
        self.cutoff = Range.parse("blur.cutoff", cutoff, 0.1, 3.15)
        self.probability = check_probability("blur.probability", probability)

    def __call__(self, clip: Tensor) -> Tensor:
        """(T, 3, H, W) in [0, 1] -> the same, float32; ``sinc`` overshoots."""
        return blur(clip, self.draw(len(clip))) if happens(self.probability) else clip

    def draw(self, frames: int) -> Tensor:
        """Kernels (frames, k, k)."""
        size = self.sizes[int(torch.randint(len(self.sizes), ()))]
        shape = pick(self.shapes)
        if shape == "sinc":
            low = max(self.cutoff.low, _SMALL_CUTOFF) if size < _SMALL else self.cutoff.low
            return kernels.sinc(
                size, Range(min(low, self.cutoff.high), self.cutoff.high, self.cutoff.step).walk(frames)
            )
        sigma = self.sigma.walk(frames)
        ellipse = (sigma, sigma, torch.zeros(frames))
        if shape.endswith("aniso"):
            ellipse = (sigma, self.sigma.walk(frames), self.angle.walk(frames))
        if shape.startswith("generalised"):
            return kernels.gaussian(size, *ellipse, beta=_exponents(self.beta_generalised, frames))
        if shape.startswith("plateau"):
            return kernels.plateau(size, *ellipse, beta=_exponents(self.beta_plateau, frames))
        return kernels.gaussian(size, *ellipse)


def _fast(length: int) -> int:
    """The least number from ``length`` on without a prime factor above 5: a large one doubles the time of an FFT."""
    while pow(30, 32, length):
        length += 1
    return length


def _exponents(of: Range, frames: int) -> Tensor:
    one = min(max(1.0, of.low), of.high)
    half = Range(of.low, one) if happens(0.5) else Range(one, of.high)
    return of.walk(frames, start=half.draw())
