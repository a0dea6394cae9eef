import math

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage

from vsr.degradations import Blur, kernels
from vsr.degradations.blur import SHAPES, blur, convolve_by_fft, convolve_by_sums
from vsr.errors import UserError


def numbers(*values):
    return torch.tensor(values, dtype=torch.float32)


def test_isotropic_gaussian_is_opencvs():
    sigma = numbers(0.7, 2.0)
    kernel = kernels.gaussian(15, sigma, sigma, numbers(0.3, 0.4))
    for ours, s in zip(kernel, (0.7, 2.0), strict=True):
        line = cv2.getGaussianKernel(15, s)
        np.testing.assert_allclose(ours, line @ line.T, atol=1e-6)


def test_anisotropic_gaussian_has_the_covariance_asked_for():
    angle = math.pi / 6
    kernel = kernels.gaussian(21, numbers(2.0), numbers(1.0), numbers(angle))[0].double()
    axis = torch.arange(21, dtype=torch.float64) - 10
    moments = [(kernel * product).sum() for product in (axis**2, axis[:, None] * axis, axis[:, None] ** 2)]
    cos, sin = math.cos(angle), math.sin(angle)
    expected = [4 * cos**2 + sin**2, (4 - 1) * cos * sin, 4 * sin**2 + cos**2]
    np.testing.assert_allclose(moments, expected, atol=0.01)


def test_generalised_gaussian_and_plateau_have_their_profiles():
    two, zero, beta = numbers(2.0), numbers(0.0), numbers(3.0)
    bump = kernels.gaussian(21, two, two, zero, beta)[0, 10, 10:]
    flat = kernels.plateau(21, two, two, zero, beta)[0, 10, 10:]
    for r in (1, 2, 3):
        assert bump[r] / bump[0] == pytest.approx(math.exp(-0.5 * (r / 2) ** 6), rel=1e-4)
        assert flat[r] / flat[0] == pytest.approx(1 / (1 + (r / 2) ** 6), rel=1e-4)


def test_sinc_passes_low_frequencies_only():
    kernel = kernels.sinc(61, numbers(math.pi / 2))[0]
    response = torch.fft.fft2(torch.fft.ifftshift(kernel)).real[0, :31]  # frequency k is 2 pi k / 61
    assert (response[:13] - 1).abs().max() < 0.1  # up to 0.43 pi
    assert response[20:].abs().max() < 0.1  # from 0.66 pi
    radius = 1.0  # closed form at one pixel from the centre
    j1 = 0.5668240889058739  # J1(pi/2)
    assert kernel[30, 31] / kernel[30, 30] == pytest.approx((j1 / radius) / (math.pi / 4), rel=1e-4)


@pytest.mark.parametrize("convolve", [convolve_by_sums, convolve_by_fft])
@pytest.mark.parametrize("size", [(12, 7), (23, 40)])
def test_blur_is_a_convolution_of_each_frame_with_its_kernel(monkeypatch, convolve, size):
    monkeypatch.setattr("vsr.degradations.blur.convolve_by_sums", convolve)  # what a CPU takes
    rng = np.random.default_rng(0)
    clip, kernel = rng.random((2, 3, *size)), rng.random((2, 9, 9))
    expected = [
        [ndimage.convolve(plane, k, mode="nearest") for plane in frame] for frame, k in zip(clip, kernel, strict=True)
    ]
    result = blur(torch.from_numpy(clip), torch.from_numpy(kernel).float())
    np.testing.assert_allclose(result, np.array(expected), rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_kernels_that_keep_the_mean(shape):
    torch.manual_seed(0)
    kernel = Blur({shape: 1}, sigma=(0.2, 3, 0.5)).draw(4)
    assert kernel.shape[0] == 4
    assert kernel.shape[1] == kernel.shape[2]
    torch.testing.assert_close(kernel.sum((1, 2)), torch.ones(4))
    assert torch.equal(kernel[0], kernel[1]) == (shape == "sinc")  # nothing else of it drifts here


def test_a_clip_is_blurred_as_often_as_asked():
    torch.manual_seed(0)
    clip = torch.rand(1, 3, 9, 9)
    blurred = sum(not torch.equal(Blur({"iso": 1}, sigma=(1, 1), probability=0.8)(clip), clip) for _ in range(200))
    assert 140 < blurred < 180


def test_values_that_make_no_kernel_are_refused():
    with pytest.raises(UserError, match="Did you mean 'aniso'"):
        Blur({"anizo": 1})
    with pytest.raises(UserError, match=r"blur.sizes=\[8\]"):
        Blur({"iso": 1}, sizes=[8])
    with pytest.raises(UserError, match=r"blur.sigma=\[3, 1\]"):
        Blur({"iso": 1}, sigma=[3, 1])
    with pytest.raises(UserError, match="one above"):
        Blur({"iso": 0})
