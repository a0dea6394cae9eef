import pytest
import torch

from vsr.degradations import Noise
from vsr.degradations.noise import gaussian_noise, poisson_noise
from vsr.errors import UserError


def generator():
    return torch.Generator().manual_seed(0)


def test_gaussian_noise_has_the_deviation_of_each_frame():
    clip, sigma = torch.full((3, 3, 64, 64), 0.5), torch.tensor([0.02, 0.0, 0.1])
    noise = gaussian_noise(clip, sigma, False, generator()) - clip
    torch.testing.assert_close(noise.std((1, 2, 3)), sigma, rtol=0.03, atol=0)
    assert noise.mean().abs() < 0.002


def test_poisson_noise_is_shot_noise():
    """Variance strength^2 x / 256, mean 0."""
    level = torch.tensor([0.1, 0.4, 0.9])
    clip, strength = level.view(3, 1, 1, 1).expand(3, 3, 96, 96), torch.tensor([1.0, 2.0, 0.5])
    noise = poisson_noise(clip, strength, False, generator()) - clip
    torch.testing.assert_close(noise.var((1, 2, 3)), strength**2 * level / 256, rtol=0.05, atol=0)
    assert noise.mean((1, 2, 3)).abs().max() < 0.0015


@pytest.mark.parametrize("noise_of", [gaussian_noise, poisson_noise])
@pytest.mark.parametrize("grey", [True, False])
def test_grey_noise_is_that_of_all_channels_and_frames_have_their_own(noise_of, grey):
    clip = torch.rand(2, 3, 16, 16, generator=generator())
    noise = noise_of(clip, torch.tensor([0.5, 0.5]), grey, generator()) - clip
    assert torch.allclose(noise[:, 0], noise[:, 1], atol=1e-6) == grey
    assert not torch.allclose(noise[0], noise[1], atol=1e-3)


def test_grey_poisson_noise_has_the_variance_of_luma():
    clip = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 128, 128)
    noise = poisson_noise(clip, torch.tensor([1.0]), True, generator()) - clip
    assert noise[0, 2].var() == pytest.approx(0.299 / 256, rel=0.05)


@pytest.mark.parametrize(("gaussian", "deviation"), [(1.0, 20 / 255), (0.0, (4 * 0.5 / 256) ** 0.5)])
def test_strengths_are_in_their_units(gaussian, deviation):
    torch.manual_seed(0)
    clip = torch.full((2, 3, 64, 64), 0.5)
    noise = Noise([20, 20], [2, 2], gaussian_probability=gaussian)(clip) - clip
    assert noise.std() == pytest.approx(deviation, rel=0.05)


def test_noise_is_new_for_every_clip_and_the_same_for_one_seed():
    clip, noise = torch.full((1, 3, 8, 8), 0.5), Noise([20, 20], [2, 2], gaussian_probability=1, grey_probability=0)
    torch.manual_seed(0)
    first, second = noise(clip), noise(clip)
    torch.manual_seed(0)
    assert torch.equal(noise(clip), first)
    assert not torch.equal(second, first)


def test_what_is_no_strength_or_probability_is_refused():
    with pytest.raises(UserError, match=r"noise.sigma=\[-1, 3\]"):
        Noise([-1, 3], [0, 1])
    with pytest.raises(UserError, match=r"noise\.grey_probability=1\.5"):
        Noise([1, 3], [0, 1], grey_probability=1.5)
