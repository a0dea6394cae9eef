"""The shipped discriminators, as a user composes them."""

from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from vsr.discriminators import Context, MultiScale
from vsr.errors import UserError
from vsr.losses import AdversarialLoss, FeatureMatchingLoss, LossStack, Schedule
from vsr.motion.shared import SharedMotion
from vsr.training.build import build_discriminators

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "configs" / "discriminator").glob("*.yaml"))
JUDGES = {"unet": {"unet"}, "unet_small": {"unet"}, "spatial": {"spatial"}, "temporal": {"temporal"}}
JUDGES |= {"tecogan": {"spatiotemporal"}}


def stack(**terms):
    return LossStack(terms, {name: Schedule(1.0) for name in terms})


def built(compose, name, *overrides, **terms):
    config = OmegaConf.to_container(compose(f"discriminator={name}", *overrides)["discriminator"], resolve=True)
    return build_discriminators(config, stack(adversarial=AdversarialLoss(), **terms))


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_judges_real_and_fake_and_learns_from_both(compose, name):
    torch.manual_seed(0)
    judges = JUDGES.get(name, {"spatial", "temporal"})
    critics = built(compose, name, *(f"discriminator.{judge}.discriminator.channels=4" for judge in judges))
    assert set(critics) == judges
    hr = torch.rand(1, 2, 3, 64, 64)
    sr, context = torch.rand_like(hr).requires_grad_(), Context(hr[..., ::4, ::4], SharedMotion(hr))
    for critic in critics.values():
        real, fake = critic.judge_pair(hr, sr, context)
        assert len(real) == len(fake) == len(critic.discriminators)
        for judgement in real + fake:
            assert judgement.logits.isfinite().all() and judgement.logits.std() > 0
        sum(judgement.logits.sum() for judgement in fake).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in critic.parameters())
    assert sr.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["spatiotemporal", "unet"])
def test_small_recipes_are_narrower_and_otherwise_the_same(compose, name):
    large, small = (
        OmegaConf.to_container(compose(f"discriminator={recipe}")["discriminator"], resolve=True)
        for recipe in (name, f"{name}_small")
    )
    assert set(large) == set(small)
    for judge in large:
        assert small[judge]["discriminator"].pop("channels") < large[judge]["discriminator"].pop("channels") / 2
    assert large == small


@pytest.mark.parametrize("option", ["condition=lr", "checkpoint=true", "compensate={_target_:vsr.motion.dis}"])
def test_options_are_set_from_the_command_line(compose, option):
    critics = built(compose, "spatiotemporal_small", *(f"discriminator.{d}.{option}" for d in ("spatial", "temporal")))
    hr = torch.rand(1, 2, 3, 64, 64)
    for critic in critics.values():
        assert all(j.logits.isfinite().all() for j in critic(hr, Context(hr[..., ::4, ::4], SharedMotion(hr))))


def test_a_discriminator_of_weight_zero_is_never_built(compose):
    critics = built(compose, "spatiotemporal_small", "discriminator.temporal.weight=0")
    assert set(critics) == {"spatial"}
    assert built(compose, "spatial", "discriminator.spatial.weight=0.25")["spatial"].loss_weight == 0.25


def test_no_weight_at_all_is_refused(compose):
    with pytest.raises(UserError, match=r"every discriminator's weight is 0.*discriminator\.unet\.weight=1"):
        built(compose, "unet_small", "discriminator.unet.weight=0")


@pytest.mark.parametrize("weight", ["-1", "true", "{value:1,start:100}", "null"])
def test_another_weight_than_a_number_is_refused(compose, weight):
    with pytest.raises(UserError, match=r"discriminator\.unet\.weight must be a number of at least 0"):
        built(compose, "unet_small", f"discriminator.unet.weight={weight}")


def test_features_that_are_not_kept_cannot_be_matched(compose):
    with pytest.raises(UserError, match=r"loss\.matching reads the activations that discriminator\.unet\.checkpoint"):
        built(compose, "unet_small", "discriminator.unet.checkpoint=true", matching=FeatureMatchingLoss())


def test_one_more_named_discriminator_is_a_few_more_lines():
    node = {
        "_target_": "vsr.discriminators.MultiScale",
        "scales": 1,
        "discriminator": {
            "_target_": "vsr.discriminators.PatchDiscriminator2d",
            "_partial_": True,
            "channels": 4,
            "layers": 1,
        },
    }
    critics = build_discriminators({"near": node, "far": {**node, "scales": 3}}, stack(adversarial=AdversarialLoss()))
    assert {name: len(critic.discriminators) for name, critic in critics.items()} == {"near": 1, "far": 3}
    assert isinstance(instantiate(node), MultiScale)
