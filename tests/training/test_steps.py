"""What one step of a GAN must do and must not: who moves, when, by how much."""

import math

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision

from tests.conftest import TINY, TINY_ADVERSARIAL
from vsr.errors import UserError
from vsr.training import SkipWhileWinning, VideoSuperResolution
from vsr.training.balance import lead
from vsr.training.ema import GeneratorEMA
from vsr.training.judging import discriminator_losses
from vsr.training.lightning_trainer import lightning_trainer
from vsr.training.run import train

SGD = [
    *(f"optimizer.{who}._target_=torch.optim.SGD" for who in ("generator", "discriminator")),
    *(f"~optimizer.{who}.betas" for who in ("generator", "discriminator")),
    "optimizer.schedule=null",
    "optimizer.flow_frozen_steps=0",
]
ADVERSARIAL_AT_ONCE = [*TINY_ADVERSARIAL, "loss.adversarial.weight=0.05", "loss.perceptual.weight=0"]


@pytest.fixture
def module(monkeypatch):
    """The module of the last run, as it was at its end."""
    modules = []
    made = VideoSuperResolution.__init__

    def remember(self, *arguments, **keywords):
        made(self, *arguments, **keywords)
        modules.append(self)

    monkeypatch.setattr(VideoSuperResolution, "__init__", remember)
    return lambda: modules[-1]


@pytest.fixture
def steps_of(monkeypatch):
    """How often each kind of network was stepped."""
    counted = {"generator": 0, "discriminators": 0}
    step = VideoSuperResolution._step

    def count(self, optimiser):
        counted["generator" if optimiser is self._optimisers[0] else "discriminators"] += 1
        return step(self, optimiser)

    monkeypatch.setattr(VideoSuperResolution, "_step", count)
    return counted


@pytest.mark.parametrize(
    ("keys", "discriminator_steps"),
    [
        ([], 20),
        (["optimizer.discriminator_every=3"], 6),
        (["optimizer.discriminator_repeats=2"], 40),
        (["optimizer.accumulate=2"], 20),
    ],
)
def test_twenty_steps_are_twenty_of_the_generator(compose, steps_of, module, keys, discriminator_steps):
    train(compose(*ADVERSARIAL_AT_ONCE, "trainer.max_steps=20", "trainer.val_every=20", *keys))
    assert steps_of == {"generator": 20, "discriminators": discriminator_steps}
    assert module().generator_steps == 20
    assert module().ema.updates == 20


def weights(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


def moved(before, after):
    return math.sqrt(sum((a - b).square().sum().item() for a, b in zip(before, after, strict=True)))


def test_each_network_stands_still_and_gathers_nothing_while_the_other_steps(compose, monkeypatch):
    step = VideoSuperResolution._step
    seen = []

    def watch(self, optimiser):
        mine, other = self.generator, self.discriminators
        if optimiser is not self._optimisers[0]:
            mine, other = other, mine
        gradients = [None if p.grad is None else p.grad.clone() for p in other.parameters()]
        before = weights(mine), weights(other)
        result = step(self, optimiser)
        seen.append((moved(before[0], weights(mine)), moved(before[1], weights(other)), gradients, other))
        return result

    monkeypatch.setattr(VideoSuperResolution, "_step", watch)
    train(compose(*ADVERSARIAL_AT_ONCE, "trainer.max_steps=2", "trainer.val_every=2"))
    assert len(seen) == 4
    for mine, other, _, _ in seen:
        assert mine > 0
        assert other == 0
    # The first generator step must leave no gradient in the discriminators.
    assert all(gradient is None for gradient in seen[0][2])


def run_of(compose, module, *keys):
    train(compose(*keys))
    return module()


@pytest.mark.parametrize("stack", [TINY, ADVERSARIAL_AT_ONCE], ids=["pixel", "adversarial"])
def test_four_parts_of_one_clip_train_like_four_clips_at_once(compose, module, stack, tmp_path):
    # Spectral norm makes a power iteration a pass, so that parts see it further on.
    plain = [f"discriminator.{name}.discriminator.spectral_norm=false" for name in ("spatial", "temporal")]
    common = [
        *stack,
        *SGD,
        *(plain if stack is not TINY else []),
        "data.train.clips=8",
        "trainer.max_steps=3",
        "trainer.val_every=3",
        "optimizer.generator.lr=0.1",
    ]
    whole = run_of(compose, module, *common, "data.batch_size=4", f"output_dir={tmp_path / 'whole'}")
    parts = run_of(
        compose, module, *common, "data.batch_size=1", "optimizer.accumulate=4", f"output_dir={tmp_path / 'parts'}"
    )
    start = run_of(compose, module, *common, "optimizer.generator.lr=0", f"output_dir={tmp_path / 'start'}")
    for network in ("generator", "discriminators") if stack is not TINY else ("generator",):
        a, b = (weights(getattr(run, network)) for run in (whole, parts))
        assert moved(a, b) < 1e-6
    assert moved(weights(whole.generator), weights(start.generator)) > 1e-3  # they did train
    assert whole.trainer.logged_metrics["train/loss"] == pytest.approx(
        float(parts.trainer.logged_metrics["train/loss"]), abs=1e-6
    )


def scaled_trainer(**options):
    """As 16-mixed on a GPU: half precision with a gradient scaler, here on the CPU."""
    plugin = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=512.0))
    return lightning_trainer(
        **{k: v for k, v in options.items() if k not in ("_target_", "precision")}, plugins=[plugin]
    )


def test_the_clip_norm_holds_for_gradients_without_their_scale(compose, module, monkeypatch):
    """One SGD step of learning rate 1 moves by exactly the clipped norm; clipped while scaled, by a 512th of it."""
    keys = [*TINY, *SGD, "optimizer.generator.lr=1", "optimizer.clip_grad_norm=1e-3", "optimizer.flow_lr_factor=1"]
    cfg = half_precision(compose, *keys, "trainer.max_steps=1", "trainer.val_every=1")
    start = None
    before = VideoSuperResolution.on_before_optimizer_step

    def note(self, optimizer):
        nonlocal start
        start = weights(self.generator)
        before(self, optimizer)

    monkeypatch.setattr(VideoSuperResolution, "on_before_optimizer_step", note)
    train(cfg)
    assert moved(start, weights(module().generator)) == pytest.approx(1e-3, rel=1e-3)


def half_precision(compose, *keys):
    cfg = compose(*keys)
    cfg.trainer._target_ = "tests.training.test_steps.scaled_trainer"
    return cfg


def test_a_step_whose_gradient_overflows_is_left_out_by_the_scaler_and_by_the_average(compose, module, monkeypatch):
    """Of two optimisers under one scaler: the generator's second step overflows, all others are made."""
    backward, step = VideoSuperResolution.manual_backward, VideoSuperResolution._step
    moves = {"generator": [], "discriminators": []}

    def overflow(self, loss, *arguments, **keywords):
        backward(self, loss, *arguments, **keywords)
        gradients = [p.grad for p in self.generator.parameters() if p.grad is not None]
        if self.generator_steps == 1 and not moves["generator"][1:]:
            gradients[0].fill_(math.inf)

    def note(self, optimiser):
        which = "generator" if optimiser is self._optimisers[0] else "discriminators"
        before = weights(getattr(self, which))
        stepped = step(self, optimiser)
        moves[which].append(moved(before, weights(getattr(self, which))) > 0)
        return stepped

    monkeypatch.setattr(VideoSuperResolution, "manual_backward", overflow)
    monkeypatch.setattr(VideoSuperResolution, "_step", note)
    train(half_precision(compose, *ADVERSARIAL_AT_ONCE, "trainer.max_steps=3", "trainer.val_every=3"))
    assert moves == {"generator": [True, False, True], "discriminators": [True, True, True]}
    assert module().ema.updates == 2
    assert module().generator_steps == 3


@pytest.mark.parametrize("whose", ["generator", "discriminators"])
def test_a_gradient_that_is_not_finite_stops_the_run_before_the_optimiser(compose, monkeypatch, whose):
    backward = VideoSuperResolution.manual_backward

    def break_one(self, loss, *arguments, **keywords):
        backward(self, loss, *arguments, **keywords)
        next(p.grad for p in getattr(self, whose).parameters() if p.grad is not None).view(-1)[0] = math.nan

    def never(self, optimiser):
        assert optimiser is self._optimisers[0] and whose == "discriminators"
        return True

    monkeypatch.setattr(VideoSuperResolution, "manual_backward", break_one if whose == "generator" else backward)
    if whose == "discriminators":
        monkeypatch.setattr("vsr.training.module.discriminator_losses", broken_discriminator_losses)
    monkeypatch.setattr(VideoSuperResolution, "_step", never)
    with pytest.raises(UserError, match=f"step 0: gradient of the {whose} is not finite"):
        train(compose(*ADVERSARIAL_AT_ONCE))


def broken_discriminator_losses(adversarial, real, fake):
    """Finite losses whose gradient is infinite."""
    losses = discriminator_losses(adversarial, real, fake)
    return {name: loss + (loss - loss.detach()).sqrt() for name, loss in losses.items()}


@pytest.mark.parametrize(("every", "due"), [(1, 4), (2, 2), (4, 1)])
def test_the_gradient_penalty_falls_due_however_seldom_discriminators_train(compose, monkeypatch, every, due):
    measured = []

    def penalty(critic, hr, context=None):
        measured.append(critic)
        return torch.zeros((), requires_grad=True)

    monkeypatch.setattr("vsr.losses.adversarial.r1_penalty", penalty)
    r1 = ["loss.adversarial.r1_weight=1", "loss.adversarial.r1_every=2", f"optimizer.discriminator_every={every}"]
    train(compose(*ADVERSARIAL_AT_ONCE, *r1, "trainer.max_steps=8", "trainer.val_every=8"))
    assert len(measured) == 2 * due  # of both discriminators, at every second of their own steps


@pytest.mark.parametrize("schedule", [[], ["optimizer.schedule=null"]], ids=["cosine", "constant"])
def test_a_run_goes_on_with_the_learning_rate_it_is_given(compose, module, schedule):
    train(compose(*TINY, *schedule))
    given = ["resume=auto", "trainer.max_steps=5", "optimizer.generator.lr=1e-5"]
    train(compose(*TINY, *schedule, *given), given)
    assert module()._optimisers[0].param_groups[0]["lr"] <= 1e-5


def judgements(*logits):
    from vsr.discriminators import Judgement

    return [[Judgement(torch.tensor(value), []) for value in logits]]


def test_the_lead_of_discriminators_by_hand():
    assert lead(judgements(0.0, 0.0), judgements(0.0, 0.0)) == 0
    # log σ(2) − log σ(−1) = 1.18634; a scale that cannot tell halves it.
    assert lead(judgements(2.0, 0.0), judgements(-1.0, 0.0)).item() == pytest.approx(1.18634 / 2, abs=1e-5)


def test_winning_discriminators_wait(compose, steps_of, monkeypatch):
    ahead = iter([0.1, 0.5, 0.9, 0.2])
    monkeypatch.setattr("vsr.training.module.lead", lambda real, fake: torch.tensor(next(ahead)))
    rule = "optimizer.discriminator_rule={_target_:vsr.training.SkipWhileWinning,lead:0.4}"
    train(compose(*ADVERSARIAL_AT_ONCE, rule))
    assert steps_of == {"generator": 4, "discriminators": 2}


def test_a_rule_that_would_never_let_them_train_is_refused():
    with pytest.raises(Exception, match="lead=0 must be above 0"):
        SkipWhileWinning(0)


def test_an_average_of_nothing_new_is_the_same():
    network = torch.nn.Linear(3, 3)
    ema = GeneratorEMA(network, 0.9)
    ema.update(network)
    assert moved(weights(network), weights(ema.generator)) == 0
