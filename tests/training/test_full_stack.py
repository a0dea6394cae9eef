"""Every term of the full stack that BasicVSR admits, trained together."""

import csv
import math

import pytest

from tests.conftest import TINY_ADVERSARIAL
from vsr.training.run import train

TERMS = (
    "pixel",
    "perceptual",
    "style",
    "adversarial",
    "warping",
    "temporal_feature",
    "video_perceptual",
    "ssim",
    "frequency",
    "lpips",
    "feature_matching",
)
FULL = [
    *TINY_ADVERSARIAL,
    "loss=full",
    "loss.video_perceptual.network.weights=random",
    *(f"loss.{term}.weight=1" for term in TERMS),
    "trainer.max_steps=2",
    "trainer.val_every=2",
]


@pytest.fixture
def rows(compose, tmp_path):
    """``metrics.csv`` of a run of two steps."""
    train(compose(*FULL))
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_term_and_each_discriminator_reports_finite_numbers_up_to_the_last_step(rows):
    judges = ("spatial", "temporal")
    columns = [
        *(f"train/{what}_{term}" for term in TERMS for what in ("loss", "share")),
        *(f"train/{what}_{judge}" for judge in judges for what in ("loss_d", "d_real", "d_fake")),
    ]
    last = rows[-1]
    assert int(last["step"]) == 2
    assert {column for column in columns if not math.isfinite(float(last.get(column) or "nan"))} == set()
    assert {column for column in last if column.startswith("train/loss_") and "_d_" not in column} == {
        f"train/loss_{term}" for term in TERMS
    }
    assert sum(float(last[f"train/share_{term}"]) for term in TERMS) == pytest.approx(1, abs=1e-4)
