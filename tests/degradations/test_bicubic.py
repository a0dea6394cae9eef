import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vsr.degradations import Bicubic, upsample


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_shapes_and_range(scale):
    hr = torch.randint(0, 2, (2, 3, 3, 24, 36), generator=torch.Generator().manual_seed(0)).float()  # overshoots
    lr = Bicubic(scale, quantise=False)(hr)
    assert lr.shape == (2, 3, 3, 24 // scale, 36 // scale)
    assert lr.min() >= 0
    assert lr.max() <= 1
    assert upsample(lr, scale).shape == hr.shape
    assert upsample(lr, scale).max() <= 1


def test_quantised_lr_is_the_nearest_of_256_levels():
    hr = torch.rand(1, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, stored = Bicubic(4, quantise=False)(hr), Bicubic(4)(hr)
    torch.testing.assert_close(stored * 255, (stored * 255).round(), atol=1e-4, rtol=0)
    assert (stored - exact).abs().max() <= 0.5 / 255 + 1e-6
    assert (stored - exact).abs().max() > 0


def test_hr_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="18x16 is not a multiple of scale=4"):
        Bicubic(4)(torch.rand(1, 1, 3, 16, 18))


def test_recipe_tells_two_degradations_apart():
    assert Bicubic(4).recipe() == {"name": "bicubic", "scale": 4, "quantise": True}
    assert Bicubic(2).recipe() != Bicubic(4).recipe()


@pytest.fixture
def vid4():
    if "VSR_TEST_DATA" not in os.environ:
        pytest.skip("VSR_TEST_DATA is not set: Vid4 is not at hand")
    return Path(os.environ["VSR_TEST_DATA"], "vid4")


def picture(path):
    return torch.from_numpy(cv2.imread(str(path))[..., ::-1].copy()).permute(2, 0, 1)[None, None] / 255


@pytest.mark.parametrize("clip", ["city", "walk"])
def test_vid4_lr_is_the_published_one(vid4, clip):
    for number in (0, 17):
        ours = Bicubic(4)(picture(vid4 / "GT" / clip / f"{number:08d}.png"))
        levels = (ours - picture(vid4 / "BIx4" / clip / f"{number:08d}.png")).abs() * 255
        assert levels.max() < 1.5
        assert levels.mean() < 0.1


def test_vid4_bicubic_baseline_is_the_published_one(vid4):
    """Mean PSNR-Y of city: 25.16 dB (with PIL's bicubic; the paper's mean over four clips is 23.78)."""
    weights = np.array([65.481, 128.553, 24.966]) / 255

    def luma(video):
        return np.tensordot(weights, (video * 255).round().numpy()[0, 0], 1)

    psnr = []
    for number in range(34):
        name = f"city/{number:08d}.png"
        error = luma(upsample(picture(vid4 / "BIx4" / name), 4)) - luma(picture(vid4 / "GT" / name))
        psnr.append(10 * np.log10(255**2 / np.mean(error**2)))
    assert np.mean(psnr) == pytest.approx(25.16, abs=0.02)
