import pytest
import torch

from vsr.errors import UserError
from vsr.metrics import METRICS, ClipScorer, Protocol, psnr


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

    def frames_seen(sr, hr):
        counts.append(len(sr))
        return sr.new_zeros(len(sr))

    scorer = ClipScorer(["mse"])
    monkeypatch.setitem(scorer.metrics, "mse", frames_seen)
    scorer(*torch.rand(2, 50, 3, 4, 4))
    assert sum(counts) == 50
    assert max(counts) < 25


def test_scoring_needs_no_graph(clip):
    sr, hr = clip
    weights = torch.ones(1, requires_grad=True)
    scores = ClipScorer(["psnr", "ssim"])(sr * weights, hr)
    assert all(isinstance(score, float) for score in scores.values())


def test_every_built_metric_is_in_the_table_and_points_the_way_it_says():
    torch.manual_seed(0)
    hr = torch.rand(1, 3, 176, 176)
    noise = torch.randn_like(hr)
    scorer = ClipScorer(
        ["mse", "psnr", "psnr_y", "ssim", "ssim_y", "ms_ssim", "lpips", "lpips_vgg"], lpips_weights="random"
    )
    near, far = scorer(hr + 0.02 * noise, hr), scorer(hr + 0.3 * noise, hr)
    for name in scorer.metrics:
        assert METRICS[name].higher_is_better == (near[name] > far[name]), name


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
    for metric, trunk in (("lpips", "alexnet"), ("lpips_vgg", "vgg16")):
        with pytest.raises(UserError, match=f"{trunk}.* is not to be had"):
            ClipScorer(["psnr", metric])
    assert ClipScorer(["psnr"])(*torch.zeros(2, 1, 3, 8, 8)) == {"psnr": 100.0}
