"""The latent head as a user composes it."""

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from vsr.errors import UserError
from vsr.generators import BasicVSR, FlowNet, Recurrent, Stochastic
from vsr.generators.load import Weights, without_weights
from vsr.inference import run
from vsr.inference.temperature import set_temperature
from vsr.training.build import build_losses

WEARS_RECURRENT = ["generator=stochastic", "generator@generator.generator=recurrent_small"]


def generator_of(config):
    return instantiate(without_weights(OmegaConf.to_container(config.generator, resolve=True)))


def test_which_generator_wears_it_is_a_choice(compose):
    default = generator_of(compose("generator=stochastic", "memory=low"))
    assert type(default) is Stochastic and type(default.generator) is BasicVSR
    assert default.generator.memory == "low"
    chosen = generator_of(compose(*WEARS_RECURRENT, "scale=2", "generator.generator.blocks=3"))
    assert type(chosen.generator) is Recurrent and chosen.causal
    assert chosen.scale == 2 and len(chosen.generator.srnet.resblocks) == 3


def test_its_loss_stack_has_the_kl_and_suits_no_other_generator(compose):
    overrides = ["loss=stochastic", "loss.perceptual.network.weights=random"]
    config = compose(*WEARS_RECURRENT, *overrides)
    losses = build_losses(OmegaConf.to_container(config, resolve=True)["loss"])
    assert set(losses.terms) == {"pixel", "perceptual", "adversarial", "kl"}
    generator = generator_of(config)
    losses.check_generator(generator)
    with pytest.raises(UserError, match=r"loss\.kl needs a generator with a latent"):
        losses.check_generator(generator.generator)


def test_the_temperature_of_an_evaluation_is_checked():
    generator = Stochastic(Recurrent(FlowNet(2), 2, 4, 1), 2, 4)
    set_temperature(generator, None)
    assert generator.temperature == 0
    set_temperature(generator, 1)
    assert generator.temperature == 1
    set_temperature(generator.generator, None)
    with pytest.raises(UserError, match=r"^temperature=0\.5: Recurrent has no latent.*leave temperature unset$"):
        set_temperature(generator.generator, 0.5)
    for wrong in (-1, "warm", True, float("nan")):
        with pytest.raises(UserError, match=r"^temperature=.*a number from 0 on$"):
            set_temperature(generator, wrong)


def test_an_evaluation_draws_by_its_seed_and_says_how_warm(compose, monkeypatch):
    def load(source):
        torch.manual_seed(0)
        return Stochastic(Recurrent(FlowNet(2), 2, 4, 1), 2, 4).eval(), Weights(source, {})

    monkeypatch.setattr("vsr.inference.checkpoint.load_generator", load)
    few = ["data=synthetic", "data.val.size=64", "data.val.frames=2", "data.max_val_clips=1"]

    def record(*overrides):
        torch.manual_seed(torch.seed())  # whatever was drawn before
        arguments = ["ckpt=x", *few, "metrics=[psnr]", "media=false", "device=cpu", *overrides]
        return run.evaluate(compose(*arguments, name="evaluate"))[0]

    draws = [record("temperature=1", f"seed={seed}") for seed in (1, 1, 2)]
    assert [draw["temperature"] for draw in draws] == [1.0, 1.0, 1.0]
    assert draws[0]["metrics"] == draws[1]["metrics"] != draws[2]["metrics"]
    assert record()["temperature"] == 0.0
