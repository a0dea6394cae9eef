"""Intervals over clips."""

import numpy as np
import pytest
from scipy import stats

from vsr.metrics.bootstrap import DRAWS, intervals


def test_one_clip_has_none():
    assert intervals([{"psnr": 30.0}]) == {}


def test_they_are_those_of_scipy():
    values = np.random.default_rng(1).normal(30, 2, size=40)
    (low, high) = intervals([{"psnr": value} for value in values])["psnr"]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20000, method="percentile", random_state=1)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.1)
    spread = 1.96 * values.std() / 40**0.5
    assert (low, high) == pytest.approx((values.mean() - spread, values.mean() + spread), abs=0.15)


def test_two_clips_by_hand():
    """A quarter of the draws takes one clip twice, so the interval reaches from one clip to the other."""
    assert intervals([{"psnr": 20.0}, {"psnr": 30.0}])["psnr"] == (20.0, 30.0)


def test_metrics_share_their_draws_however_many_are_made_at_once(monkeypatch):
    values = np.random.default_rng(0).normal(size=5)
    clips = [{"psnr": value, "ssim": -2 * value} for value in values]
    both = intervals(clips)
    assert both["ssim"] == pytest.approx((-2 * both["psnr"][1], -2 * both["psnr"][0]))
    assert intervals(clips) == both
    monkeypatch.setattr("vsr.metrics.bootstrap._AT_ONCE", 5 * DRAWS // 7)
    assert intervals(clips) == both
