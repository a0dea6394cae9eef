import math

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import correlate2d

from vsr.degradations import BlurSubsample
from vsr.errors import UserError
from vsr.inference.run import evaluate

DEFINED = [("duf", 2), ("duf", 3), ("duf", 4), ("matlab", 2), ("matlab", 3), ("matlab", 4), ("tecogan", 4)]


def duf(picture, scale):
    """Padding, stride and crop as the authors wrote them; the kernel is SciPy's blur of a single point."""
    point = np.zeros((13, 13))
    point[6, 6] = 1
    padded = np.pad(picture, 6 + 2 * scale, mode="reflect")
    blurred = correlate2d(padded, gaussian_filter(point, 0.4 * scale), mode="valid")
    return blurred[::scale, ::scale][2:-2, 2:-2]


def matlab(picture, scale):
    """fspecial, imfilter with its even kernels one tap to the right, and 1-based samples from scale/2 or its like."""
    size = 7 if scale == 3 else 2 * math.ceil(3 * 1.6) + 2
    axis = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * 1.6**2))
    before, after = (size - 1) // 2, size // 2
    padded = np.pad(picture, (before, after), mode="edge")
    blurred = correlate2d(padded, kernel / kernel.sum(), mode="valid")
    first = 2 if scale == 3 else scale // 2
    return blurred[first - 1 :: scale, first - 1 :: scale]


def tecogan(picture, scale):
    return cv2.GaussianBlur(picture, (9, 9), 1.5, borderType=cv2.BORDER_REFLECT_101)[::scale, ::scale]


@pytest.mark.parametrize(("variant", "scale"), DEFINED)
def test_equals_direct_convolution(variant, scale):
    hr = np.random.default_rng(0).random((2, 3, 24, 36))
    direct = {"duf": duf, "matlab": matlab, "tecogan": tecogan}[variant]
    expected = np.stack([[direct(plane, scale) for plane in frame] for frame in hr])[None]
    lr = BlurSubsample(scale, variant, quantise=False)(torch.from_numpy(hr)[None])
    assert lr.dtype == torch.float32
    assert lr.shape == expected.shape
    np.testing.assert_allclose(lr, expected, atol=2e-6)


@pytest.mark.parametrize(("variant", "scale"), DEFINED)
def test_centre_of_each_sample(variant, scale):
    """A ramp keeps its value at the centre of a symmetric kernel, away from the border."""
    ramp = torch.arange(96) / 128
    lr = BlurSubsample(scale, variant, quantise=False)(ramp.expand(1, 1, 3, 24, 96))
    shift = (scale - 1) / 2 if variant == "matlab" else 0
    position = (lr[0, 0, 0, 2] * 128)[8 : 80 // scale - 4]
    torch.testing.assert_close(position, torch.arange(96.0)[::scale][8 : 80 // scale - 4] + shift, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("variant", "response"),
    [  # exp(-d^2 / 2 sigma^2) over its sum, d from HR sample 8 to the centres of LR samples 0 to 3
        ("duf", [0.0, 0.010956, 0.249348, 0.010956]),
        ("matlab", [0.0, 0.073571, 0.160694, 0.000678]),
        ("tecogan", [0.0, 0.007614, 0.266560, 0.007614]),
    ],
)
def test_golden_response_to_a_line(variant, response):
    hr = torch.zeros(1, 1, 3, 16, 16)
    hr[..., 8] = 1
    lr = BlurSubsample(4, variant, quantise=False)(hr)[0, 0, 0]
    torch.testing.assert_close(lr, torch.tensor(response).expand(4, 4), atol=1e-6, rtol=0)


def test_quantised_lr_is_the_nearest_of_256_levels():
    hr = torch.rand(1, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, stored = BlurSubsample(4, quantise=False)(hr), BlurSubsample(4)(hr)
    torch.testing.assert_close(stored * 255, (stored * 255).round(), atol=1e-4, rtol=0)
    assert 0 < (stored - exact).abs().max() <= 0.5 / 255 + 1e-6


def test_computed_in_single_precision_under_autocast():
    hr = torch.rand(1, 1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lr = BlurSubsample(4, quantise=False)(hr)
    assert torch.equal(lr, BlurSubsample(4, quantise=False)(hr))


def test_what_is_not_defined_is_refused():
    with pytest.raises(UserError, match=r"variant=tecogan is not defined for scale=2.*matlab \(x2, x3, x4\)"):
        BlurSubsample(2, "tecogan")
    with pytest.raises(UserError, match="Did you mean 'matlab'"):
        BlurSubsample(4, "mathlab")
    with pytest.raises(ValueError, match="18x16 is not a multiple of scale=4"):
        BlurSubsample(4)(torch.rand(1, 1, 3, 16, 18))


def test_variants_have_names_of_their_own():
    assert BlurSubsample(4, "duf").name == "blur_subsample_duf"
    assert BlurSubsample(4, "duf").recipe() == {"name": "blur_subsample_duf", "scale": 4, "quantise": True}


@pytest.mark.slow
@pytest.mark.pretrained
def test_published_basicvsr_scores_what_it_should_on_blurred_city(compose, test_data):
    """BasicVSR (Vimeo-90K, BDx4): its four clips' mean is the paper's 27.96; the phase of `duf` would give 21.9."""
    cfg = compose(
        "ckpt=basicvsr_vimeo90k_bd",
        "data=vid4",
        f"data.root={test_data / 'vid4'}",
        "data.lr=null",
        "data.max_val_clips=1",
        "degradation=blur_subsample",
        "metrics=[psnr_y]",
        "media=false",
        name="evaluate",
    )
    (record,) = evaluate(cfg)
    assert record["degradation"] == "blur_subsample_matlab"
    assert record["clips"]["city"]["psnr_y"] == pytest.approx(28.7281, abs=0.01)
