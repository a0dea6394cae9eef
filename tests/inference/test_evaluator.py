"""Clips scored by pieces, by several generators and by several processes."""

import weakref

import psutil
import pytest
import torch

from vsr.degradations import Bicubic, upsample
from vsr.errors import UserError
from vsr.inference import evaluator as module
from vsr.inference.cost import PeakMemory
from vsr.inference.evaluator import Evaluator
from vsr.metrics import ClipScorer
from vsr.results_layout import BICUBIC

CPU = torch.device("cpu")


def clip(frames=5, side=64, name="clip", **others):
    generator = torch.Generator().manual_seed(frames)
    return {
        "hr": torch.randint(256, (frames, 3, side, side), generator=generator, dtype=torch.uint8),
        "name": name,
    } | others


def enlarge(lr):
    return lr.repeat_interleave(4, -1).repeat_interleave(4, -2)


def noisy(lr):
    return enlarge(lr) + 0.1 * torch.randn(lr.shape[1], 1, 1, 1)


class NoisyBicubic(Bicubic):
    """Draws, as a camera does."""

    def forward(self, hr):
        lr = super().forward(hr)
        return (lr + 0.1 * torch.randn_like(lr)).clamp(0, 1)


def evaluator(*metrics, degradation=None, **options):
    return Evaluator(degradation or Bicubic(4), ClipScorer(metrics or ("mse", "tof"), **options), scale=4)


def test_scores_are_those_of_the_whole_clip(monkeypatch):
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", 2 * 64 * 64)
    item = clip()
    result = evaluator()({"a": enlarge}, item)
    hr = item["hr"] / 255
    lr = Bicubic(4)(hr[None])
    scorer = ClipScorer(["mse", "tof"])
    assert result.scores["a"].means == pytest.approx(scorer(enlarge(lr)[0].clamp(0, 1), hr))
    assert result.scores[BICUBIC].means == pytest.approx(scorer(upsample(lr, 4)[0], hr))
    assert result.scores["a"].frames == (0, 1, 2, 3, 4)
    assert result.scores["a"].values["tof"][0] is None


def test_given_lr_is_what_the_generator_sees():
    seen = []
    lr = torch.randint(256, (5, 3, 16, 16), dtype=torch.uint8)
    evaluator()({"a": lambda x: (seen.append(x), enlarge(x))[1]}, clip(lr=lr))
    assert torch.equal(seen[0][0] * 255, lr.float())


def test_of_a_mirrored_clip_the_frames_that_are_to_be_scored_are():
    seen = []
    item = clip(scored=[3, 1], mirrored=True)

    def generator(lr):
        seen.append(lr)
        sr = enlarge(lr)
        sr[:, [0, 2, 4]] = 0
        sr[:, 5:] = 0
        return sr

    result = evaluator("mse", protocol="plain")({"a": generator}, item)
    assert seen[0].shape[1] == 10 and torch.equal(seen[0], seen[0].flip(1))
    hr = item["hr"][[3, 1]] / 255
    assert result.scores["a"].frames == (3, 1)
    assert result.scores["a"].means == pytest.approx(ClipScorer(["mse"])(enlarge(seen[0])[0, [3, 1]], hr))


def test_frames_are_numbered_as_in_the_clip():
    result = evaluator("mse", protocol="tecogan")({"a": enlarge}, clip(frames=7))
    assert result.scores["a"].frames == (2, 3, 4)


@pytest.mark.parametrize("scored", [[0, 2], [3, 1]])
def test_frames_that_are_no_neighbours_are_not_compared_as_if_they_were(scored):
    with pytest.raises(UserError, match=f"tof compares .* of clip clip only frames {scored[0]}, {scored[1]} are"):
        evaluator("mse", "tof")({"a": enlarge}, clip(scored=scored))
    assert "tof" in evaluator("tof")({"a": enlarge}, clip(scored=[1, 2])).scores["a"].means


def test_draws_are_the_clips_own_whatever_else_is_scored():
    alone = evaluator(degradation=NoisyBicubic(4))({"b": noisy}, clip())
    together = evaluator(degradation=NoisyBicubic(4))
    together({"a": noisy}, clip(name="other"))
    scores = together({"a": noisy, "b": noisy}, clip()).scores
    assert scores["b"] == scores["a"] == alone.scores["b"]
    assert scores[BICUBIC] == alone.scores[BICUBIC]
    assert evaluator(degradation=NoisyBicubic(4))({"b": noisy}, clip(name="other")).scores["b"] != scores["b"]


def test_the_set_is_the_mean_over_clips_and_begins_anew():
    scoring = evaluator("mse")
    for _ in range(2):
        scoring.begin(["a"], CPU)
        results = [scoring({"a": enlarge}, clip(frames, name=str(frames))) for frames in (1, 4)]
        scores = scoring.over_clips()
        for name in ("a", BICUBIC):
            mean = sum(result.scores[name].means["mse"] for result in results) / 2
            assert scores[name].values["mse"] == pytest.approx(mean)


def test_a_clip_that_another_process_scores_counts_there():
    scoring = evaluator("mse", "patch_kid", weights="random")
    scoring.begin(["a"], CPU)
    first = scoring({"a": enlarge}, clip(side=128))
    scoring({"a": enlarge}, clip(frames=9, side=128, name="again"), counts=False)
    scores = scoring.over_clips()
    assert scores["a"].values["mse"] == pytest.approx(first.scores["a"].means["mse"])
    assert "patch_kid needs at least 32 patches of 64 px and got 20" in scores["a"].refused["patch_kid"]
    assert "patch_kid" in scores[BICUBIC].refused


def test_metrics_of_a_set_are_those_of_all_its_clips():
    scoring = evaluator("patch_kid", weights="random")
    scoring.begin(["a"], CPU)
    expected = scoring.scorer.over_clips()
    for frames in (5, 4):
        item = clip(frames, side=128, name=str(frames))
        scoring({"a": enlarge}, item)
        hr = item["hr"] / 255
        scoring.scorer.score(enlarge(Bicubic(4)(hr[None]))[0], hr, into=expected)
    value = scoring.over_clips()["a"].values["patch_kid"]
    assert value == pytest.approx(expected.compute().values["patch_kid"], rel=1e-5)
    assert scoring.over_clips()[BICUBIC].values["patch_kid"] != value


def test_a_long_clip_is_held_once(monkeypatch):
    """SR is 157 MB in float; what else is held beside it and the 8-bit original is a few frames."""
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", 2**18)
    item = clip(frames=800, side=128, lr=torch.zeros(800, 3, 32, 32, dtype=torch.uint8))
    sr_bytes = 800 * 3 * 128**2 * 4
    scoring = evaluator("mse")
    made = []

    def generator(lr):
        assert not any(earlier() for earlier in made)
        sr = torch.full((1, 800, 3, 128, 128), 0.5)
        made.append(weakref.ref(sr))
        return sr

    scoring({"a": generator}, {**item, "name": "first"})
    before = psutil.Process().memory_info().rss
    with PeakMemory(CPU) as memory:
        scoring({"a": generator, "b": generator}, item)
    assert memory.bytes - before < 1.6 * sr_bytes
