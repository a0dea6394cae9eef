import math

import numpy as np
import pytest
import torch

from vsr.losses.frequency import spectral_distance


@pytest.mark.parametrize(("height", "width"), [(16, 16), (13, 22), (9, 15)])
def test_it_is_numpys_transform(height, width):
    torch.manual_seed(0)
    sr, hr = torch.rand(2, 2, 3, 3, height, width)
    difference = np.fft.rfft2(sr.double().numpy(), norm="ortho") - np.fft.rfft2(hr.double().numpy(), norm="ortho")
    expected = np.sqrt(difference.real**2 + difference.imag**2).mean()
    assert spectral_distance(sr, hr).item() == pytest.approx(expected, rel=1e-5)


def test_a_wave_counts_the_same_wherever_it_begins():
    x = torch.arange(32) / 32
    distances = []
    for phase in (0.0, 0.7, math.pi / 2):
        wave = 0.1 * torch.cos(2 * math.pi * 5 * x + phase).expand(1, 1, 3, 32, 32)
        distances.append(spectral_distance(wave, torch.zeros_like(wave)).item())
    # Amplitude a fills one kept bin, of 32 · 17, with a/2 · √(32 · 32).
    assert distances == pytest.approx([0.05 * 32 / (32 * 17)] * 3, rel=1e-4)


def test_noise_costs_the_same_in_frames_of_any_size():
    torch.manual_seed(0)
    for side in (32, 128):
        noise = 0.1 * torch.randn(4, 1, 3, side, side)
        assert spectral_distance(noise, torch.zeros_like(noise)).item() == pytest.approx(0.0886, rel=0.02)
