import pickle

import pytest
import torch

from vsr.errors import UserError
from vsr.features.alexnet import _alexnet
from vsr.features.vgg import _vgg
from vsr.metrics import METRICS, ClipScorer, Protocol, psnr
from vsr.metrics.measures import Measure
from vsr.metrics.running import EachFrame

EXTRA = ("vmaf", "cvvdp")  # which have tests of their own


@pytest.fixture
def clip():
    torch.manual_seed(0)
    hr = torch.randint(256, (11, 3, 24, 32)) / 255
    spread = torch.linspace(0.01, 0.3, 11)[:, None, None, None]
    return (hr + spread * torch.randn_like(hr)).clamp(0, 1), hr


def test_a_clip_scores_the_mean_of_its_frames(clip):
    sr, hr = clip
    rounded = (sr * 255).round() / 255
    expected = sum(psnr(rounded[t : t + 1], hr[t : t + 1]).item() for t in range(len(sr))) / len(sr)
    assert ClipScorer(["psnr"])(sr, hr)["psnr"] == pytest.approx(expected, abs=1e-4)


def test_rounding_to_8_bits_hides_an_error_below_half_a_level(clip):
    _, hr = clip
    sr = hr + 0.4 / 255
    unrounded = Protocol("unrounded", border=0, quantise=False)
    assert ClipScorer(["psnr"])(sr, hr) == {"psnr": 100.0}
    assert ClipScorer(["psnr"], unrounded)(sr, hr)["psnr"] == pytest.approx(56.09, abs=0.01)


def test_a_border_is_left_out(clip):
    _, hr = clip
    sr = hr.clone()
    sr[..., :2, :] = sr[..., -2:, :] = 0
    sr[..., :2] = sr[..., -2:] = 0
    assert ClipScorer(["mse"], Protocol("inner", border=2, quantise=True))(sr, hr) == {"mse": 0.0}
    assert ClipScorer(["mse"], Protocol("less", border=1, quantise=True))(sr, hr)["mse"] > 0.01


def test_memory_does_not_grow_with_the_number_of_frames(monkeypatch):
    counts = []

    def frames_seen(chunk):
        counts.append(len(chunk.inner.sr))
        return chunk.inner.sr.new_zeros(len(chunk.inner.sr))

    scorer = ClipScorer(["mse"])
    scorer.measures["mse"] = Measure(lambda: EachFrame(frames_seen))
    scorer(*torch.zeros(2, 50, 3, 256, 256))
    assert sum(counts) == 50
    assert max(counts) < 25


def test_a_stream_in_any_parts_scores_as_the_whole(clip):
    sr, hr = clip
    scorer = ClipScorer(["psnr", "ssim_y"])
    scoring = scorer.begin(11)
    for some_sr, some_hr in zip(sr.split([4, 0, 6, 1]), hr.split([4, 0, 6, 1]), strict=True):
        scoring.add(some_sr, some_hr)
    scores = scoring.finish()
    assert scores.frames == tuple(range(11))
    assert scores.means == pytest.approx(scorer(sr, hr), rel=1e-6)
    for t in range(11):
        assert scores.values["psnr"][t] == pytest.approx(scorer(sr[t : t + 1], hr[t : t + 1])["psnr"], rel=1e-6)


def test_a_stream_that_ends_early_is_noticed(clip):
    sr, hr = clip
    scoring = ClipScorer(["mse"]).begin(12)
    scoring.add(sr, hr)
    with pytest.raises(ValueError, match="11 frames came of a clip of 12"):
        scoring.finish()


def test_a_scorer_goes_to_other_processes(clip):
    metrics = [name for name in METRICS if name not in EXTRA]
    pickle.loads(pickle.dumps(ClipScorer(metrics, weights="random")))


def test_scoring_needs_no_graph(clip):
    sr, hr = clip
    weights = torch.ones(1, requires_grad=True)
    scores = ClipScorer(["psnr", "ssim"])(sr * weights, hr)
    assert all(isinstance(score, float) for score in scores.values())


def test_every_built_metric_is_in_the_table_and_points_the_way_it_says():
    torch.manual_seed(0)
    hr = torch.rand(1, 3, 176, 176)
    noise = torch.randn_like(hr)
    metrics = [name for name, about in METRICS.items() if about.family != "time" and name not in EXTRA]
    scorer = ClipScorer(metrics, weights="random")
    near, far = scorer(hr + 0.02 * noise, hr), scorer(hr + 0.3 * noise, hr)
    assert len(near) == 10
    for name in near:
        assert METRICS[name].higher_is_better == (near[name] > far[name]), name


@pytest.mark.parametrize("name", [name for name in METRICS if name not in EXTRA])
def test_every_metric_of_the_table_can_be_asked_for(name):
    assert name in ClipScorer([name], weights="random").over_clips().metrics


@pytest.mark.parametrize(("asked", "nearest"), [("pnsr", "psnr"), ("lpips_alex", "lpips"), ("ssimy", "ssim_y")])
def test_an_unknown_metric_names_the_nearest(asked, nearest):
    with pytest.raises(UserError, match=f"'{asked}' is not known. Did you mean '{nearest}'"):
        ClipScorer([asked])


def test_clips_of_different_shape_are_refused():
    with pytest.raises(UserError, match=r"\(2, 3, 8, 8\) cannot be scored against HR of \(2, 3, 8, 12\)"):
        ClipScorer(["mse"])(torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 12))


def test_weights_that_cannot_be_had_are_missed_at_once_and_only_where_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_OFFLINE", "1")
    monkeypatch.setenv("VSR_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("VSR_ASSETS", raising=False)
    for network in (_alexnet, _vgg):  # another test may have loaded it
        network.cache_clear()
    for metric, trunk in (("lpips", "alexnet"), ("lpips_vgg", "vgg16")):
        with pytest.raises(UserError, match=f"{trunk}.* is not to be had"):
            ClipScorer(["psnr", metric])
    assert ClipScorer(["psnr"])(*torch.zeros(2, 1, 3, 8, 8)) == {"psnr": 100.0}
