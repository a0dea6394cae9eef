import pytest
import torch
import torch.nn.functional as F

from vsr.errors import UserError
from vsr.generators import BasicVSR, FlowNet, Modulation, Recurrent, Stochastic
from vsr.generators.latent import Gaussian
from vsr.generators.stochastic import chain, sample
from vsr.losses.kl import free_bits, gaussian_kl
from vsr.motion import SPyNet


def stochastic(generator=None) -> Stochastic:
    torch.manual_seed(0)
    generator = generator or Recurrent(FlowNet(4), channels=8, blocks=1)
    return Stochastic(generator, latent_channels=3, width=8).eval()


def bidirectional() -> BasicVSR:
    torch.manual_seed(0)
    return BasicVSR(SPyNet("random"), channels=8, blocks=1, head_channels=4)


def clip(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def draw(generator: Stochastic, lr: torch.Tensor, temperature: float, seed: int) -> torch.Tensor:
    torch.manual_seed(seed)
    generator.temperature = temperature
    with torch.no_grad():
        return generator(lr)


@pytest.mark.parametrize(
    "wrapped", [bidirectional, lambda: Recurrent(FlowNet(4), 2, 8, 1)], ids=["basicvsr", "recurrent"]
)
def test_any_generator_can_wear_it(wrapped):
    generator = stochastic(wrapped())
    scale = generator.scale
    lr, hr = clip(2, 3, 3, 16, 20), clip(2, 3, 3, 16 * scale, 20 * scale)
    sr, latent = generator.draw_posterior(lr, hr)
    assert sr.shape == generator(lr).shape == hr.shape
    for gaussian in latent:
        assert gaussian.mean.shape == gaussian.log_variance.shape == (2, 3, 3, 16, 20)  # B, channels, T, h, w
    assert generator.causal == generator.generator.causal
    assert generator.flow_parameters() == generator.generator.flow_parameters()


def test_temperature_zero_is_deterministic_and_a_new_one_has_it():
    generator, lr = stochastic(), clip(1, 2, 3, 16, 16)
    assert generator.temperature == 0
    assert torch.equal(draw(generator, lr, 0, seed=1), draw(generator, lr, 0, seed=2))


def test_draws_follow_the_seed_and_the_temperature():
    generator, lr = stochastic(), clip(1, 2, 3, 16, 16)
    assert torch.equal(draw(generator, lr, 1, seed=1), draw(generator, lr, 1, seed=1))
    assert (draw(generator, lr, 1, seed=1) - draw(generator, lr, 1, seed=2)).abs().max() > 1e-6
    mean = draw(generator, lr, 0, seed=1)
    distances = [(draw(generator, lr, t, seed=1) - mean).square().mean() for t in (0.5, 1.0)]
    assert 0 < distances[0] < distances[1]


def test_a_sample_has_the_mean_and_the_deviation_of_its_gaussian():
    torch.manual_seed(0)
    gaussian = Gaussian(torch.tensor([[-1.0], [2.0]])[:, :, None, None, None], torch.full((2, 1, 1, 1, 1), 0.5))
    gaussian = Gaussian(*(field.expand(2, 1, 3, 100, 100) for field in gaussian))
    z = sample(gaussian, torch.randn(2, 1, 100, 100))
    torch.testing.assert_close(z.mean(dim=(1, 3, 4)), gaussian.mean[:, 0, :, 0, 0], rtol=0, atol=0.05)
    torch.testing.assert_close(z.std(dim=(3, 4)), torch.full((2, 1, 3), 0.5).div(2).exp(), rtol=0.03, atol=0)
    assert torch.equal(z[:, :, 0], z[:, :, 2])  # frames share the noise


def test_still_frames_stay_still():
    """But for the first, which no frame comes before."""
    generator = stochastic(bidirectional())
    lr = clip(1, 1, 3, 16, 16).expand(1, 4, 3, 16, 16)
    modulation = generator.modulation(sample(generator.prior(lr), clip(1, 3, 16, 16)))
    for field in modulation:
        assert field.abs().max() > 0
        torch.testing.assert_close(field, field[:, :1].expand_as(field))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_frame_by_frame_equals_the_clip_at_once(temperature):
    generator, lr = stochastic(), clip(1, 4, 3, 16, 16)
    whole, state, frames = draw(generator, lr, temperature, seed=3), None, []
    torch.manual_seed(3)
    with torch.no_grad():
        for t in range(4):
            sr, state = generator.step(lr[:, t], state)
            frames.append(sr)
    torch.testing.assert_close(torch.stack(frames, dim=1), whole, rtol=0, atol=1e-6)


def test_two_modulations_chain():
    torch.manual_seed(0)
    first, second = (Modulation(torch.randn(1, 2, 3, 4, 4), torch.randn(1, 2, 3, 4, 4)) for _ in range(2))
    features = torch.randn(1, 2, 3, 4, 4)
    torch.testing.assert_close(chain(first, second)(features), second(first(features)))
    assert chain(first, None) is first


def test_a_modulation_from_outside_acts_too():
    generator, lr = stochastic(), clip(1, 2, 3, 16, 16)
    outside = Modulation(torch.zeros(1, 2, 8, 16, 16), torch.ones(1, 2, 8, 16, 16))
    with torch.no_grad():
        assert (generator(lr, outside) - generator(lr)).abs().max() > 1e-3


def test_the_latent_is_float32_and_bounded_under_autocast():
    generator = stochastic()
    with torch.no_grad():
        generator.posterior.head.bias.fill_(1e4)
        with torch.autocast("cpu", torch.bfloat16):
            sr, latent = generator.draw_posterior(clip(1, 2, 3, 16, 16), clip(1, 2, 3, 64, 64))
    assert {field.dtype for gaussian in latent for field in gaussian} == {torch.float32}
    assert latent.posterior.log_variance.exp().max() < 100
    assert sr.isfinite().all()


def test_every_parameter_is_trained():
    generator = stochastic()
    sr, latent = generator.draw_posterior(clip(1, 2, 3, 16, 16), clip(1, 2, 3, 64, 64))
    (sr.square().mean() + gaussian_kl(*latent).mean()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in generator.parameters())


def test_the_smallest_size_is_that_of_the_generator_beneath():
    with pytest.raises(UserError, match=r"16x15.*at least 16"):
        stochastic()(clip(1, 2, 3, 15, 16))


def scenes(count: int, generator: torch.Generator) -> torch.Tensor:
    """Clips (count, 3, 3, 64, 64) of smooth random texture that moves by a pixel a frame."""
    noise = torch.rand(count, 3, 18, 18, generator=generator)
    wide = F.interpolate(noise, scale_factor=4, mode="bicubic", align_corners=False).clamp(0, 1)
    return torch.stack([wide[:, :, 1:65, t : t + 64] for t in range(3)], dim=1)


@pytest.mark.slow
def test_a_short_training_lowers_the_kl_but_not_to_nothing_and_draws_stay_true_to_lr():
    torch.manual_seed(0)
    generator = Stochastic(Recurrent(FlowNet(4), scale=2, channels=16, blocks=1), latent_channels=4, width=16)
    optimiser = torch.optim.Adam(generator.parameters(), lr=1e-3)
    seed, minimum, course = torch.Generator().manual_seed(0), 8.0, []
    for _ in range(120):
        hr = scenes(2, seed)
        lr = F.avg_pool2d(hr.flatten(0, 1), 2).unflatten(0, hr.shape[:2])
        sr, latent = generator.draw_posterior(lr, hr)
        kl = gaussian_kl(*latent)
        ((sr - hr).abs().mean() + 1e-5 * free_bits(kl, minimum)).backward()
        optimiser.step()
        optimiser.zero_grad()
        course.append(kl.detach().flatten(2).sum(2).mean(0))
    start, end = torch.stack(course[:5]).mean(0), torch.stack(course[-20:]).mean(0)
    assert end.sum() < 0.8 * start.sum()
    assert (end > 0.5 * minimum).all()  # of every channel
    first, second = (draw(generator, lr, 1, seed) for seed in (1, 2))
    assert (first - second).square().mean().sqrt() > 1e-4
    for sr in (first, second):
        below = F.avg_pool2d(sr.flatten(0, 1), 2).unflatten(0, sr.shape[:2])
        assert (below - lr).square().mean().sqrt() < 0.02
