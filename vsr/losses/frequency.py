"""Frequency loss: distance of the Fourier spectra, in which fine texture weighs as much as large shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.losses.comparison import Comparison
from vsr.losses.term import LossTerm


def spectral_distance(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean of |F(SR) − F(HR)| over the 2-D spectrum of each frame and channel.

    F is the orthonormal DFT, so that errors keep the scale of the pixels whatever the size of the frame, and |·| the
    modulus of a complex number. The mean is over the half of the spectrum that is not the mirror of the other half.
    The L1 norm of the spectrum is Cho et al.'s (MIMO-UNet, ICCV 2021: frequency reconstruction loss), whose code takes
    it of real and imaginary part; the modulus does not depend on where the frame's origin is.
    """
    # F is linear: one transform of the difference. In float32, as half transforms exist for powers of two only.
    return torch.fft.rfft2(sr.float() - hr.float(), norm="ortho").abs().mean()


class FrequencyLoss(LossTerm):
    """L1 distance of the frames' 2-D spectra. Range: [0, ∞); for white noise 0.89 times its standard deviation."""

    def __call__(self, comparison: Comparison) -> Tensor:
        """Mean over all frequencies, channels and frames."""
        return spectral_distance(comparison.sr, comparison.hr)
