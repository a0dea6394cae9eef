import numpy as np
import pytest
import references
import torch

from vsr.metrics import ClipScorer


@pytest.fixture
def clips():
    draw = np.random.default_rng(0)
    hr = draw.integers(0, 256, (2, 71, 64, 3), dtype=np.uint8)
    sr = np.clip(hr + draw.normal(0, 30, hr.shape), 0, 255).astype(np.uint8)
    return sr, hr


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("dists", references.dists),
        ("vgg_distance", references.vgg_distance),
        ("lpips_vgg", references.over_frames(lambda sr, hr: references.lpips_of("vgg", sr, hr, "random"))),
    ],
)
def test_odd_sides_and_random_weights_agree_with_the_reference(metric, reference, clips):
    expected = reference(*clips) if metric == "lpips_vgg" else reference(*clips, weights="random")
    ours = ClipScorer([metric], weights="random")(*map(references.tensors, clips))
    assert expected > 0
    assert ours[metric] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("metric", ["dists", "vgg_distance", "lpips_vgg"])
def test_equal_frames_are_at_distance_zero_and_each_is_scored_by_itself(metric, clips):
    sr, hr = map(references.tensors, clips)
    sr[1] = hr[1]
    values = ClipScorer([metric], weights="random").score(sr, hr).values[metric]
    assert values[0] > 1e-3
    assert values[1] == pytest.approx(0, abs=1e-6)


def test_one_pass_of_the_network_serves_all_metrics_that_read_it(clips, monkeypatch):
    from vsr.features import vgg16

    frames, run = [], vgg16("random").network[0].forward
    monkeypatch.setattr(vgg16("random").network[0], "forward", lambda x: (frames.append(len(x)), run(x))[1])
    scorer = ClipScorer(["lpips_vgg", "dists", "vgg_distance", "patch_kid", "patch_fid"], weights="random")
    scorer.score(*map(references.tensors, clips), scorer.over_clips())
    assert sum(frames) == 4  # two of SR and two of HR


def test_autocast_does_not_reach_the_networks(clips):
    scorer = ClipScorer(["dists", "vgg_distance", "lpips"], weights="random")
    frames = [references.tensors(clip) for clip in clips]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = scorer(*frames)
    assert under_autocast == scorer(*frames)
