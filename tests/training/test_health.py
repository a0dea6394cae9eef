"""Warnings of runs that go wrong."""

import logging

import pytest
import torch
from torch import nn

from tests.conftest import TINY_ADVERSARIAL
from vsr.training.health import CHECKS, Health, distance
from vsr.training.run import train

LIMITS = Health().limits
HEALTHY = {
    "train/loss_d_spatial": 0.9,
    "train/d_real_spatial": 0.2,
    "train/d_fake_spatial": 0.1,
    "train/share_pixel": 0.7,
    "train/share_perceptual": 0.3,
    "train/weight_pixel": 1.0,
    "train/ema_distance": 0.01,
    "train/step_seconds": 1.0,
    "train/data_seconds": 0.1,
}


def complaints(**changed):
    means = HEALTHY | {f"train/{name}": value for name, value in changed.items()}
    return {kind: list(judge(means, LIMITS)) for kind, judge in CHECKS.items() if list(judge(means, LIMITS))}


def test_a_healthy_run_is_left_in_peace():
    assert complaints() == {}
    assert not any(list(judge({}, LIMITS)) for judge in CHECKS.values())  # nothing is known yet


@pytest.mark.parametrize(
    ("changed", "kind", "remedy"),
    [
        ({"loss_d_spatial": 0.002}, "discriminators won", "loss.adversarial.r1_weight"),
        ({"d_fake_spatial": 0.2001}, "discriminators blind", "optimizer.discriminator.lr"),
        ({"share_pixel": 0.98, "share_perceptual": 0.02}, "term dominates", "loss.pixel.weight=0.02 "),
        ({"ema_distance": 0.5}, "average strays", "optimizer.ema_decay"),
        ({"data_seconds": 0.4}, "data starve", "data.workers"),
    ],
)
def test_each_ill_is_named_with_what_to_try(changed, kind, remedy):
    found = complaints(**changed)
    assert set(found) == {kind} and remedy in found[kind][0]


def test_the_proposed_weight_balances():
    # pixel: 4 · 25 = 100, perceptual: 0.1 · 20 = 2; pixel weighs as much as perceptual at 4 · 2/100.
    found = complaints(share_pixel=100 / 102, share_perceptual=2 / 102, weight_pixel=4.0)
    assert "At loss.pixel.weight=0.08 it would be half" in found["term dominates"][0]


def test_a_single_term_dominates_nobody():
    means = {"train/share_pixel": 1.0, "train/weight_pixel": 1.0}
    assert not list(CHECKS["term dominates"](means, LIMITS))


def test_distance_of_the_average_by_hand():
    raw, averaged = nn.Linear(2, 1), nn.Linear(2, 1)
    for network, weight, bias in ((raw, [0.0, 3.0], 4.0), (averaged, [1.0, 3.0], 2.0)):
        network.weight.data = torch.tensor([weight])
        network.bias.data = torch.tensor([bias])
    assert distance(averaged, raw) == pytest.approx((1 + 4) ** 0.5 / 5)
    raw.bias.requires_grad_(False)
    assert distance(averaged, raw) == pytest.approx(1 / 3)


def test_a_run_warns_once_of_each_kind_and_only_after_a_window(compose, caplog, tmp_path):
    caplog.set_level(logging.WARNING)
    overrides = [*TINY_ADVERSARIAL, "trainer.max_steps=6", "loss.perceptual.weight=1e4", "callbacks.health.data=0"]
    train(compose(*overrides, "callbacks.health.window=8"))
    assert "health" not in caplog.text
    train(compose(*overrides, "callbacks.health.window=3", f"output_dir={tmp_path / 'short'}"))
    assert caplog.text.count("loss perceptual is 100% of the weighted loss") == 1
    assert caplog.text.count("waiting for data") == 1
