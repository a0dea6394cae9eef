import math
from functools import partial

import numpy as np
import pytest
import torch
from battery import critics, value_of
from torch import nn

from vsr.discriminators import Judgement, MultiScale, PatchDiscriminator2d
from vsr.errors import UserError
from vsr.losses import AdversarialLoss, Comparison, FeatureMatchingLoss
from vsr.losses.gan_objectives import OBJECTIVES, discriminator_objective, generator_objective
from vsr.losses.gradient_penalty import r1_penalty
from vsr.motion import dis

REAL = np.array([[0.5, -2.0, 3.0], [0.0, 1.5, -0.5]])
FAKE = np.array([[-1.0, 0.2, 2.0], [0.7, -3.0, 0.0]])


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def by_hand(objective):
    """(generator's, discriminator's) loss of REAL and FAKE; log(1 − σ(x)) = log σ(−x)."""
    if objective == "vanilla":
        return -log_sigmoid(FAKE).mean(), -(log_sigmoid(REAL).mean() + log_sigmoid(-FAKE).mean()) / 2
    if objective == "hinge":
        return -FAKE.mean(), (np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean()) / 2
    if objective == "lsgan":
        return ((FAKE - 1) ** 2).mean(), (((REAL - 1) ** 2).mean() + (FAKE**2).mean()) / 2
    real, fake = REAL - FAKE.mean(), FAKE - REAL.mean()
    generator = -(log_sigmoid(-real).mean() + log_sigmoid(fake).mean()) / 2
    return generator, -(log_sigmoid(real).mean() + log_sigmoid(-fake).mean()) / 2


class Critic(nn.Module):
    """Judges a clip by Σ wx, on two scales: the second has twice the logit. Features are x and 2x."""

    def __init__(self, weight, loss_weight=1.0):
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.loss_weight = loss_weight

    def forward(self, video, context=None):
        logits = (video * self.weight).flatten(1).sum(1, keepdim=True)
        return [Judgement(logits, [video, 2 * video]), Judgement(2 * logits, [video])]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives_by_hand(objective):
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    generator, discriminator = by_hand(objective)
    assert generator_objective(objective, fake, real).item() == pytest.approx(generator, rel=1e-6)
    assert discriminator_objective(objective, real, fake).item() == pytest.approx(discriminator, rel=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_players_pull_the_fake_logits_in_opposite_directions(objective):
    real, fake = torch.full((4,), 0.3), torch.full((4,), 0.2, requires_grad=True)
    (upwards,) = torch.autograd.grad(generator_objective(objective, fake, real), fake)
    (downwards,) = torch.autograd.grad(discriminator_objective(objective, real, fake), fake)
    assert (upwards < 0).all() and (downwards > 0).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_large_logits_of_half_precision_stay_finite(objective):
    real, fake = torch.tensor([6e4, -6e4]).half(), torch.tensor([-6e4, 6e4]).half()
    assert generator_objective(objective, fake, real).isfinite()
    assert discriminator_objective(objective, real, fake).isfinite()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_scales_are_averaged_and_discriminators_summed(objective):
    sr, hr = torch.rand(2, 2, 2, 3, 4, 4)
    pair = {"a": Critic(torch.randn(2, 3, 4, 4)), "b": Critic(torch.randn(2, 3, 4, 4))}
    term = AdversarialLoss(objective)
    generator, discriminator = 0.0, []
    for critic in pair.values():
        real, fake = critic(hr), critic(sr)
        scales = [(r.logits, f.logits) for r, f in zip(real, fake, strict=True)]
        generator += sum(generator_objective(objective, f, r) for r, f in scales) / 2
        discriminator.append(sum(discriminator_objective(objective, r, f) for r, f in scales) / 2)
        torch.testing.assert_close(term.discriminator_loss(real, fake), discriminator[-1])
    torch.testing.assert_close(value_of(term, sr, hr, discriminators=pair), generator)


def test_each_discriminator_counts_by_its_weight_in_the_generator_s_loss_alone():
    sr, hr = torch.rand(2, 2, 2, 3, 4, 4)
    a, b = torch.randn(2, 2, 3, 4, 4)
    pair = {"a": Critic(a, loss_weight=0.5), "b": Critic(b, loss_weight=3.0)}
    term = AdversarialLoss("hinge")
    alone = [value_of(term, sr, hr, discriminators={"x": Critic(weight)}) for weight in (a, b)]
    torch.testing.assert_close(value_of(term, sr, hr, discriminators=pair), 0.5 * alone[0] + 3 * alone[1])
    losses = [term.discriminator_loss(critic(hr), critic(sr)) for critic in (Critic(a), pair["a"])]
    assert torch.equal(*losses)


def test_only_ragan_asks_what_the_discriminators_say_of_hr():
    comparison = Comparison(
        *torch.rand(2, 1, 2, 3, 4, 4), torch.rand(1, 2, 3, 2, 2), None, {"a": Critic(torch.ones(1))}
    )
    AdversarialLoss("hinge")(comparison)
    assert "real" not in vars(comparison)
    AdversarialLoss("ragan")(comparison)
    assert "real" in vars(comparison)


def test_another_objective_is_refused():
    with pytest.raises(UserError, match=r"loss\.adversarial\.objective='wgan' is not known.*Valid: .*ragan"):
        AdversarialLoss("wgan")


@pytest.mark.parametrize("shape", [(3, 8), (4, 3, 5, 6), (2, 4, 3, 5, 6)])
def test_r1_of_a_linear_critic_is_half_the_squared_norm_of_its_weight(shape):
    critic = Critic(torch.randn(shape[1:]))
    expected = critic.weight.square().sum() / 2 * (1 + 4) / 2  # the mean over its scales
    penalty = r1_penalty(critic, torch.rand(shape))
    torch.testing.assert_close(penalty, expected)
    (gradient,) = torch.autograd.grad(penalty, critic.weight)
    torch.testing.assert_close(gradient, 2.5 * critic.weight)


def test_r1_is_the_mean_over_the_clips_of_each_ones_own_gradient():
    class Quadratic(nn.Module):
        def forward(self, video, context=None):
            return [Judgement(video.square().flatten(1).sum(1), [])]

    clips = torch.rand(3, 2, 3, 4, 4)
    norms = [(2 * clip).square().sum() for clip in clips]
    torch.testing.assert_close(r1_penalty(Quadratic(), clips), sum(norms) / 3 / 2)


def test_r1_is_taken_in_float32_under_autocast_and_without_grad_mode():
    class Smooth(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, video, context=None):
            return [Judgement(self.layers(video), [])]

    critic, clips = Smooth(), torch.rand(2, 2, 3, 2, 2)
    expected = r1_penalty(critic, clips)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        assert torch.equal(r1_penalty(critic, clips), expected)


def test_r1_reaches_the_weights_of_the_patch_discriminators():
    for critic in critics().values():
        r1_penalty(critic.train(), torch.rand(2, 3, 3, 24, 24)).backward()
        gradients = [parameter.grad for name, parameter in critic.named_parameters() if "weight" in name]
        assert all(gradient.isfinite().all() and gradient.abs().sum() > 0 for gradient in gradients)


def test_the_penalty_comes_every_k_steps_and_counts_k_times():
    critic, hr = Critic(torch.ones(2, 3, 4, 4)), torch.rand(2, 2, 3, 4, 4)
    lazy = AdversarialLoss(r1_weight=0.5, r1_every=4)
    penalties = [lazy.penalty(critic, hr, step) for step in range(9)]
    assert [step for step, penalty in enumerate(penalties) if penalty is not None] == [0, 4, 8]
    assert penalties[4].item() == pytest.approx(0.5 * 4 * r1_penalty(critic, hr).item())
    assert AdversarialLoss().penalty(critic, hr, 0) is None


@pytest.mark.parametrize("keys", [{"r1_weight": -1.0}, {"r1_every": 0}])
def test_impossible_penalties_are_refused(keys):
    with pytest.raises(UserError, match=rf"loss\.adversarial\.{next(iter(keys))}=.* must be at least"):
        AdversarialLoss(**keys)


def test_feature_matching_is_the_mean_over_discriminators_scales_and_layers():
    hr = torch.rand(1, 2, 3, 4, 4)
    pair = {"a": Critic(torch.ones(1)), "b": Critic(torch.ones(1))}
    loss = value_of(FeatureMatchingLoss(), hr - 0.3, hr, discriminators=pair)
    assert loss.item() == pytest.approx(0.3 * (1 + 2 + 1) / 3, rel=1e-5)


def test_feature_matching_is_weighted_by_discriminator_and_does_not_grow_with_the_weights():
    class Doubled(Critic):
        def forward(self, video, context=None):
            return [Judgement(video, [4 * video])]

    hr = torch.rand(1, 2, 3, 4, 4)
    pair = {"a": Critic(torch.ones(1), loss_weight=3.0), "b": Doubled(torch.ones(1), loss_weight=1.0)}
    loss = value_of(FeatureMatchingLoss(), hr - 0.3, hr, discriminators=pair)
    assert loss.item() == pytest.approx(0.3 * (3 * 4 / 3 + 1 * 4) / 4, rel=1e-5)


def test_critics_are_told_the_context_of_the_batch_in_every_part_of_the_game():
    heard = []

    class Listening(Critic):
        def forward(self, video, context=None):
            heard.append(context)
            return super().forward(video)

    critic, lr = Listening(torch.ones(1)), torch.rand(1, 2, 3, 2, 2)
    comparison = Comparison(*torch.rand(2, 1, 2, 3, 4, 4), lr, None, {"a": critic})
    AdversarialLoss("ragan")(comparison)
    AdversarialLoss(r1_weight=1.0).penalty(critic, comparison.hr, 0, comparison.context)
    assert len(heard) == 3 and all(context is comparison.context for context in heard)
    assert torch.equal(comparison.context.lr, lr)


def test_r1_of_a_motion_compensated_critic_reaches_its_weights():
    critic = MultiScale(partial(PatchDiscriminator2d, channels=4, layers=1), 2, condition="lr", compensate=dis())
    hr = torch.rand(2, 3, 3, 24, 24)
    context = Comparison(hr, hr, hr[..., ::4, ::4]).context
    r1_penalty(critic, hr, context).backward()
    gradients = [parameter.grad for name, parameter in critic.named_parameters() if "weight" in name]
    assert all(gradient.isfinite().all() and gradient.abs().sum() > 0 for gradient in gradients)


def test_vanilla_of_an_undecided_discriminator_is_log_two():
    zeros = torch.zeros(5)
    for objective in ("vanilla", "ragan"):
        assert generator_objective(objective, zeros, zeros).item() == pytest.approx(math.log(2))
        assert discriminator_objective(objective, zeros, zeros).item() == pytest.approx(math.log(2))
