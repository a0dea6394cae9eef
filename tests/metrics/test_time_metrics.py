import numpy as np
import pytest
import references
import torch
import torchvision

from vsr.errors import UserError
from vsr.metrics import ClipScorer, lai_occlusion, protocol_named, warp_error
from vsr.motion import raft, warp


@pytest.fixture
def clips():
    """SR and HR, uint8 (T, H, W, 3): smooth texture that moves, and a shaky noisy copy."""
    draw = np.random.default_rng(0)
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    picture = torch.nn.functional.interpolate(picture, (160, 160), mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0)
    picture = (picture * 255).byte().numpy()
    hr = np.stack([picture[t : t + 100, 2 * t : 2 * t + 120] for t in range(6)])
    shaky = np.stack([np.roll(frame, int(draw.integers(-1, 2)), axis=1) for frame in hr])
    sr = np.clip(shaky + draw.integers(-5, 6, hr.shape), 0, 255).astype(np.uint8)
    return sr, hr


def score(metric, sr, hr, protocol="plain"):
    return ClipScorer([metric], protocol, weights="random").score(references.tensors(sr), references.tensors(hr))


def test_tof_under_tecogans_protocol_is_that_of_its_published_code(clips):
    sr, hr = clips
    differences = [
        references.farneback(hr[t - 1], hr[t]) - references.farneback(sr[t - 1], sr[t]) for t in range(3, 4)
    ]
    # Frames 2 and 3 count, and of 100x120 px the middle 64x96.
    expected = np.mean([np.sqrt((each[18:82, 12:108] ** 2).sum(-1)).mean() for each in differences])
    scores = score("tof", sr, hr, "tecogan")
    assert scores.frames == (2, 3)
    assert scores.means["tof"] == pytest.approx(expected, rel=1e-5)


def test_tof_of_each_pair_stands_at_its_later_frame(clips):
    sr, hr = clips
    values = score("tof", sr, hr).values["tof"]
    assert values[0] is None
    for t in range(1, len(hr)):
        assert values[t] == pytest.approx(references.tof(sr[t - 1], sr[t], hr[t - 1], hr[t]), rel=1e-5)


@torch.no_grad()
def test_tof_raft_is_the_mean_absolute_difference_of_torchvisions_flow(clips):
    sr, hr = (clip[:2, :96] for clip in clips)
    network = torchvision.models.optical_flow.raft_large(weights=None).eval()
    network.load_state_dict(raft(weights="random").flow.network.state_dict())
    frames = torch.nn.functional.interpolate(
        2 * torch.cat([references.tensors(sr), references.tensors(hr)]) - 1, (128, 128), mode="bilinear"
    )
    flows = network(frames[[0, 2]], frames[[1, 3]])[-1]
    small = torch.nn.functional.interpolate(flows, (96, 120), mode="bilinear")
    scale = torch.tensor([120 / 128, 96 / 128])[:, None, None]
    expected = ((small[0] - small[1]) * scale).abs().mean().item()
    assert score("tof_raft", sr, hr).means["tof_raft"] == pytest.approx(expected, rel=1e-3)


def test_raft_without_weights_is_missed_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_OFFLINE", "1")
    for folder in ("VSR_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(folder, str(tmp_path))
    monkeypatch.delenv("VSR_ASSETS", raising=False)
    raft.cache_clear()
    with pytest.raises(UserError, match=r"raft_large.* is not to be had.*Supply it in one of three ways"):
        ClipScorer(["tof_raft"])


def test_tlpips_compares_what_changes_in_sr_with_what_changes_in_hr(clips):
    sr, hr = (clip[:3] for clip in clips)
    expected = [references.tlpips(sr[t - 1], sr[t], hr[t - 1], hr[t], "random") for t in (1, 2)]
    values = score("tlpips", sr, hr).values["tlpips"]
    assert values[0] is None
    assert values[1:] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_tlpips_of_a_brighter_copy_is_small_and_of_a_still_one_is_not(clips):
    _, hr = clips
    still = np.repeat(hr[:1], len(hr), axis=0)
    brighter = np.clip(hr.astype(int) + 3, 0, 255).astype(np.uint8)
    assert 10 * score("tlpips", brighter, hr).means["tlpips"] < score("tlpips", still, hr).means["tlpips"]


def test_warp_error_is_lais_formula(clips):
    sr, hr = clips
    values = score("warp_error", sr, hr).values["warp_error"]
    assert values[0] is None
    for t in range(1, len(hr)):
        expected = references.warp_error(sr[t - 1], sr[t], hr[t - 1], hr[t])
        assert values[t] == pytest.approx(expected, rel=1e-3)


def test_occlusion_is_lais(clips):
    _, hr = clips
    draw = np.random.default_rng(1)
    there = references.dis(hr[0], hr[3]) + draw.normal(0, 0.4, (*hr.shape[1:3], 2)).astype(np.float32)
    back = references.dis(hr[3], hr[0])
    expected = references.occlusion(there, back)
    ours = lai_occlusion(*(torch.from_numpy(flow).permute(2, 0, 1)[None] for flow in (there, back)))
    assert 0.05 < expected.mean() < 0.95
    assert (ours[0, 0].numpy() != expected).mean() < 1e-3


def test_warp_error_of_a_known_error_and_of_nothing_visible():
    earlier = torch.full((2, 3, 8, 8), 0.5)
    later = earlier + 0.1
    occluded = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    occluded[0, :, :4], occluded[1] = True, True
    warped = warp(later, torch.zeros(2, 2, 8, 8), padding_mode="border")
    torch.testing.assert_close(warp_error(earlier, warped, occluded), torch.tensor([0.01, 0.0]))


@pytest.mark.parametrize("metric", ["tof", "tlpips", "warp_error"])
@pytest.mark.parametrize("protocol", ["plain", "tecogan"])
def test_a_stream_in_any_parts_scores_as_the_whole(metric, protocol, clips):
    sr, hr = map(references.tensors, clips)
    scorer = ClipScorer([metric], protocol, weights="random")
    whole = scorer.score(sr, hr)
    for parts in ([1, 1, 1, 1, 1, 1], [2, 4], [3, 0, 1, 2]):
        scoring = scorer.begin(6)
        for some_sr, some_hr in zip(sr.split(parts), hr.split(parts), strict=True):
            scoring.add(some_sr, some_hr)
        values = scoring.finish().values[metric]
        assert values[0] is None
        assert values[1:] == pytest.approx(whole.values[metric][1:], rel=1e-4)


def test_a_clip_of_one_frame_has_no_time():
    with pytest.raises(UserError, match="tof, warp_error compares neighbouring frames, and of a clip of 7 only one"):
        ClipScorer(["psnr", "tof", "warp_error"], protocol_named("vimeo90k-y-centre"))(*torch.rand(2, 7, 3, 32, 32))
