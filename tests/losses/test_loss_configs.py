"""The shipped stacks, as a user composes them."""

import csv

import pytest
from omegaconf import OmegaConf

from tests.conftest import TINY_ADVERSARIAL
from vsr.errors import UserError
from vsr.losses import FeatureMatchingLoss, FrequencyLoss, KLLoss, LpipsLoss, MsSsimLoss, PingPongLoss, SsimLoss
from vsr.training.build import build_discriminators, build_losses
from vsr.training.run import train

TERMS = {
    "pixel": {"pixel"},
    "perceptual": {"pixel", "perceptual"},
    "perceptual_adv": {"pixel", "perceptual", "adversarial"},
    "full": {
        *("pixel", "perceptual", "adversarial", "style"),
        *("warping", "temporal_feature", "video_perceptual"),
    },
}


def losses_of(config):
    return build_losses(OmegaConf.to_container(config, resolve=True)["loss"])


RANDOM = ["loss.perceptual.network.weights=random"]
RANDOM_FULL = ["loss=full", *RANDOM, "loss.video_perceptual.network.weights=random"]


@pytest.mark.parametrize("name", TERMS)
def test_a_stack_holds_its_terms_and_none_of_weight_zero(compose, name):
    overrides = {"pixel": ["loss=pixel"], "full": RANDOM_FULL}.get(name, [f"loss={name}", *RANDOM])
    assert set(losses_of(compose(*overrides)).terms) == TERMS[name]


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("kl", KLLoss),
        ("ms_ssim", MsSsimLoss),
        ("lpips", LpipsLoss),
        ("feature_matching", FeatureMatchingLoss),
        ("ping_pong", PingPongLoss),
        ("ssim", SsimLoss),
        ("frequency", FrequencyLoss),
    ],
)
def test_every_other_term_is_switched_on_by_its_weight(compose, name, term):
    losses = losses_of(compose(*RANDOM_FULL, "loss.video_perceptual.weight=0", f"loss.{name}.weight=0.5"))
    assert losses.weights(0)[name] == 0.5
    assert isinstance(losses.terms[name], term)


def test_all_terms_that_read_vgg16_share_it(compose):
    losses = losses_of(compose(*RANDOM_FULL, "loss.lpips.weight=1"))
    readers = [losses.terms[name] for name in ("perceptual", "style", "temporal_feature", "lpips")]
    assert len({id(term.network) for term in readers}) == 1


def test_feature_matching_needs_a_weight_for_the_adversarial_term(compose):
    config = compose(*RANDOM_FULL, "loss.feature_matching.weight=1", "loss.adversarial.weight=0")
    with pytest.raises(UserError, match=r"loss\.feature_matching reads the discriminators"):
        build_discriminators(config.discriminator, losses_of(config))


def test_a_run_with_r1_trains_and_logs_each_penalty_at_its_own_step(compose, tmp_path):
    train(compose(*TINY_ADVERSARIAL, "loss.adversarial.r1_weight=0.1", "loss.adversarial.r1_every=2"))
    with (tmp_path / "run/metrics.csv").open(newline="") as file:
        rows = {int(row["step"]): row for row in csv.DictReader(file)}
    for name in ("spatial", "temporal"):
        penalties = [rows[step][f"train/r1_{name}"] for step in (1, 2, 3, 4)]
        assert penalties[1] == penalties[3] == ""  # not measured there
        assert 0 < float(penalties[0]) != float(penalties[2]) > 0
