import numpy as np
import pytest
import pytorch_msssim
import torch
from skimage.metrics import structural_similarity

from vsr.errors import UserError
from vsr.metrics import ms_ssim, ssim


def wang(x, y):
    """scikit-image's SSIM with the switches that make it Wang et al.'s, in float64."""
    return structural_similarity(
        x.double().numpy(),
        y.double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=0,
    )


def pictures(kind, height=40, width=53):
    noise = torch.rand(2, 3, height, width)
    if kind == "noise":
        return noise[:1], noise[1:]
    if kind == "blurred":
        return noise[:1], torch.nn.functional.avg_pool2d(noise[:1], 3, 1, 1)
    if kind == "negative":
        return noise[:1], 1 - noise[:1]
    # Bright and almost flat: the variances are far smaller than the means, where E[x²] - μ² cancels.
    dim = 0.95 + 0.01 * noise
    return dim[:1], dim[1:] - 0.02 * (kind == "darker")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", ["noise", "blurred", "negative", "flat", "darker"])
def test_ssim_is_that_of_scikit_image(kind):
    x, y = pictures(kind)
    assert ssim(x, y).item() == pytest.approx(wang(x[0], y[0]), abs=1e-6)


def test_ssim_scores_each_frame_by_itself():
    x, y = torch.rand(2, 3, 24, 32), torch.rand(2, 3, 24, 32)
    y[1] = x[1]
    scores = ssim(x, y)
    assert scores.shape == (2,)
    assert scores[0].item() == pytest.approx(wang(x[0], y[0]), abs=1e-6)
    assert scores[1].item() == 1.0


def test_ssim_of_two_flat_pictures_is_the_luminance_term():
    score = ssim(torch.full((1, 3, 16, 16), 0.25), torch.full((1, 3, 16, 16), 0.75))
    assert score.item() == pytest.approx((2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4), abs=1e-5)


def test_ssim_gradient():
    x, y = torch.rand(2, 1, 2, 13, 12, dtype=torch.float64)
    assert torch.autograd.gradcheck(ssim, (x.requires_grad_(), y))


def test_ssim_under_autocast_is_as_exact_as_without():
    x, y = pictures("flat")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = ssim(x, y)
    assert torch.equal(under_autocast, ssim(x, y))


@pytest.mark.parametrize("size", [(176, 192), (161, 187)])
@pytest.mark.parametrize("strength", [0.02, 0.3])
def test_ms_ssim_is_that_of_pytorch_msssim(size, strength):
    x = torch.rand(2, 3, *size)
    y = (x + strength * torch.randn_like(x)).clamp(0, 1)
    theirs = pytorch_msssim.ms_ssim(x.double(), y.double(), data_range=1.0, size_average=False)
    np.testing.assert_allclose(ms_ssim(x, y).numpy(), theirs.numpy(), atol=1e-5)


def test_ms_ssim_of_a_negative_is_zero_with_a_finite_gradient():
    x = torch.rand(1, 3, 176, 176)
    negative = (1 - x).requires_grad_()
    score = ms_ssim(negative, x)
    score.sum().backward()
    assert score.item() == 0.0
    assert negative.grad.isfinite().all()


def test_pictures_smaller_than_the_window_are_refused():
    with pytest.raises(UserError, match="at least 11x11 px, got 10x40"):
        ssim(*torch.rand(2, 1, 3, 10, 40))
    with pytest.raises(UserError, match="at least 161x161 px, got 160x320"):
        ms_ssim(*torch.rand(2, 1, 3, 160, 320))
