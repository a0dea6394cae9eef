import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from vsr.metrics import mse, psnr, psnr_y, ssim_y
from vsr.metrics.colour import luma_bt601, quantise


@pytest.fixture
def frames():
    torch.manual_seed(0)
    hr = torch.rand(3, 3, 20, 24)
    spread = torch.tensor([0.01, 0.1, 0.4])[:, None, None, None]
    return (hr + spread * torch.randn_like(hr)).clamp(0, 1), hr


def matlab_luma(frame):
    """``rgb2ycbcr`` in numpy, float64, in [0, 1]."""
    weights = np.array([65.481, 128.553, 24.966])
    return (np.tensordot(weights, frame.double().numpy(), axes=1) + 16) / 255


def test_mse_and_psnr_are_per_frame(frames):
    sr, hr = frames
    errors = ((sr.double() - hr.double()) ** 2).mean((1, 2, 3))
    torch.testing.assert_close(mse(sr, hr).double(), errors, rtol=1e-5, atol=0)
    theirs = [peak_signal_noise_ratio(h.numpy(), s.numpy(), data_range=1) for s, h in zip(sr, hr, strict=True)]
    np.testing.assert_allclose(psnr(sr, hr), theirs, atol=1e-4)


def test_psnr_of_a_known_error():
    hr = torch.full((2, 3, 8, 8), 0.5)
    sr = hr + torch.tensor([0.1, 0.01])[:, None, None, None]
    torch.testing.assert_close(psnr(sr, hr), torch.tensor([20.0, 40.0]), atol=1e-4, rtol=0)


def test_psnr_of_equal_frames_is_capped():
    frame = torch.rand(1, 3, 8, 8)
    assert psnr(frame, frame).item() == 100.0


def test_luma_of_black_white_and_the_primaries():
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).float()[:, :, None, None]
    expected = [16, 235, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(255 * luma_bt601(colours).flatten(), expected, atol=1e-3)


def test_luma_metrics_use_the_luma_of_matlab(frames):
    sr, hr = frames
    lumas = [(matlab_luma(s), matlab_luma(h)) for s, h in zip(sr, hr, strict=True)]
    np.testing.assert_allclose(psnr_y(sr, hr), [-10 * math.log10(((s - h) ** 2).mean()) for s, h in lumas], atol=1e-4)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    np.testing.assert_allclose(ssim_y(sr, hr), [structural_similarity(s, h, **settings) for s, h in lumas], atol=1e-5)


def test_quantise_keeps_the_256_levels_and_moves_the_rest_to_them():
    levels = torch.arange(256) / 255
    assert torch.equal(quantise(levels), levels)
    odd = torch.tensor([-0.2, 0.4 / 255, 0.6 / 255, 1.3])
    torch.testing.assert_close(quantise(odd), torch.tensor([0, 0, 1 / 255, 1]))
