import pytest
import torch
from battery import value_of
from torch.distributions import Normal, kl_divergence

from vsr import generators
from vsr.errors import UserError
from vsr.generators import FlowNet, Generator, Recurrent, Stochastic
from vsr.generators.latent import Gaussian, Latent
from vsr.losses import KLLoss
from vsr.losses.kl import gaussian_kl


class Deterministic(Generator):
    def __init__(self):
        super().__init__(scale=2, channels=4)

    def forward(self, lr, modulation=None):
        raise NotImplementedError


def gaussian(*shape):
    return Gaussian(torch.randn(*shape), torch.randn(*shape))


def normal(gaussian):
    return Normal(gaussian.mean, (gaussian.log_variance / 2).exp())


def kl_of(latent, free_bits=0.0):
    return value_of(KLLoss(free_bits), *torch.rand(2, 3, 1, 3, 8, 8), latent=latent)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", [(3, 6), (3, 6, 4, 5)])
def test_it_is_that_of_torch_distributions(shape):
    posterior, prior = gaussian(*shape), gaussian(*shape)
    expected = kl_divergence(normal(posterior), normal(prior)).flatten(1).sum(1).mean()
    torch.testing.assert_close(kl_of(Latent(posterior, prior)), expected)
    standard = Normal(torch.zeros(shape), torch.ones(shape))
    expected = kl_divergence(normal(posterior), standard).flatten(1).sum(1).mean()
    torch.testing.assert_close(kl_of(Latent(posterior)), expected)


def test_it_is_zero_for_equal_distributions_and_stays_so_in_half_precision():
    posterior = gaussian(3, 6)
    assert kl_of(Latent(posterior, posterior)).item() == pytest.approx(0, abs=1e-6)
    far = Gaussian(torch.full((3, 6), 300.0).half(), torch.zeros(3, 6).half())
    assert kl_of(Latent(far)).item() == pytest.approx(6 * 300**2 / 2)


def test_a_channel_may_carry_its_free_bits():
    means = torch.tensor([[0.0, 2.0], [1.3, 4.0]])  # with unit variance a channel's KL is ½ E μ²: 0.42 and 5
    latent = Latent(Gaussian(means.clone().requires_grad_(), torch.zeros(2, 2)))
    loss = kl_of(latent, free_bits=0.75)
    assert loss.item() == pytest.approx(0.75 + 5)
    (gradient,) = torch.autograd.grad(loss, latent.posterior.mean)
    torch.testing.assert_close(gradient, torch.tensor([[0.0, 1.0], [0.0, 2.0]]))


def test_free_bits_count_a_channel_over_all_its_pixels():
    latent = Latent(Gaussian(torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)))  # 16 · ½ nats a channel
    assert kl_of(latent, free_bits=7.9).item() == pytest.approx(24)
    assert kl_of(latent, free_bits=10).item() == pytest.approx(30)


def test_elementwise_kl_has_the_shape_of_the_latent():
    assert gaussian_kl(gaussian(2, 3, 4, 5)).shape == (2, 3, 4, 5)


def test_it_is_that_of_a_stochastic_generator_and_trains_both_its_distributions():
    generator = Stochastic(Recurrent(FlowNet(2), scale=2, channels=4, blocks=1), latent_channels=3, width=4)
    lr, hr = torch.rand(2, 2, 3, 16, 16), torch.rand(2, 2, 3, 32, 32)
    _, latent = generator.draw_posterior(lr, hr)
    loss = kl_of(latent)
    posterior, prior = map(normal, latent)
    torch.testing.assert_close(loss, kl_divergence(posterior, prior).sum() / 2)
    loss.backward()
    for network in (generator.prior, generator.posterior):
        assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_a_generator_without_latent_is_refused_and_those_with_one_are_named():
    KLLoss().check_generator(Stochastic(Deterministic()))
    with pytest.raises(
        UserError, match=r"^loss\.kl needs a generator with a latent, and Deterministic .*choose one of Stochastic, or"
    ):
        KLLoss().check_generator(Deterministic())


def test_where_no_generator_has_a_latent_the_weight_is_to_be_zero(monkeypatch):
    for name, kind in vars(generators).items():
        if isinstance(kind, type) and issubclass(kind, Generator):
            monkeypatch.setattr(generators, name, Deterministic)
    with pytest.raises(UserError, match=r"there is none yet, or set loss\.kl\.weight=0$"):
        KLLoss().check_generator(Deterministic())
