"""Ours against calibration.csv, which calibration.py has written with other people's implementations."""

import csv

import pytest
import torch
from calibration import CALIBRATION, distorted, scene

from vsr.metrics import ClipScorer

# Allowed difference, relative and absolute. Features run in float32 and in another order of additions; LPIPS's errors
# are of its small eps; warped frames are sampled in float32.
EXACT = 1e-5, 1e-7
TOLERANCE = {
    **dict.fromkeys(("mse", "psnr", "psnr_y", "ssim", "ssim_y", "ms_ssim", "tof"), EXACT),
    **dict.fromkeys(("lpips", "lpips_vgg", "dists", "vgg_distance"), (1e-4, 1e-6)),
    "patch_kid": (1e-4, 1e-5),
    "tlpips": (1e-4, 1e-4),  # a difference of two, times 100
    "warp_error": (1e-3, 1e-5),
}


def calibration():
    with CALIBRATION.open(newline="") as file:
        return list(csv.DictReader(file))


DISTORTIONS = sorted({row["distortion"] for row in calibration()})
FAST = ("frame_drop", "noise")
NETWORKS = {"lpips", "lpips_vgg", "dists", "vgg_distance", "patch_kid", "tlpips"}


def check(distortion, metrics):
    hr = scene()
    sr, hr = (torch.from_numpy(clip.copy()).permute(0, 3, 1, 2) / 255 for clip in (distorted(distortion, hr), hr))
    rows = [row for row in calibration() if row["distortion"] == distortion and row["metric"] in metrics]
    expected = {row["metric"]: float(row["value"]) for row in rows}
    scorer = ClipScorer(sorted(metrics))
    over = scorer.over_clips()
    scorer.score(sr, hr, over)
    values, refused = over.compute()
    assert not refused
    assert values.keys() == expected.keys() == metrics
    for metric in metrics:
        relative, absolute = TOLERANCE[metric]
        assert values[metric] == pytest.approx(expected[metric], rel=relative, abs=absolute), metric


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_pixels_and_flow_say_what_the_references_say(distortion):
    check(distortion, TOLERANCE.keys() - NETWORKS)


@pytest.mark.pretrained
@pytest.mark.parametrize(
    "distortion", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in DISTORTIONS]
)
def test_networks_say_what_the_references_say(distortion):
    check(distortion, NETWORKS)
