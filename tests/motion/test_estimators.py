"""Flow estimators on scenes whose motion is known."""

import pytest
import torch

from vsr.data import SyntheticScenes
from vsr.errors import UserError
from vsr.motion import Motion, dis, exact, raft, spynet, warp


@pytest.fixture(scope="module")
def scenes():
    """Clips (2, 4, 3, 160, 160) and their motion."""
    clips, motions = [], []
    for clip in SyntheticScenes(clips=2, frames=4, size=160, seed=2, speed=3.0):
        clips.append(torch.from_numpy(clip.read(range(4))).permute(0, 3, 1, 2).float() / 255)
        motions.append([torch.from_numpy(field) for field in clip.motion(range(4))])
    return torch.stack(clips), Motion(*(torch.stack(fields) for fields in zip(*motions, strict=True)))


def end_point_error(found, known, occluded):
    return (found - known).norm(dim=2, keepdim=True)[~occluded].mean().item()


def test_dis_finds_the_motion_of_synthetic_scenes(scenes):
    clips, known = scenes
    found = dis()(clips)
    assert end_point_error(found.flow_to_next, known.flow_to_next, known.occluded_in_next) < 0.5
    assert end_point_error(found.flow_to_previous, known.flow_to_previous, known.occluded_in_previous) < 0.5
    still = torch.zeros_like(known.flow_to_next)
    assert end_point_error(still, known.flow_to_next, known.occluded_in_next) > 1.2  # the error is not small by chance


def test_the_flow_of_dis_warps_the_frame_before_onto_the_next(scenes):
    clips, _ = scenes
    motion = dis()(clips)
    warped = warp(clips[:, :-1].flatten(0, 1), motion.flow_to_previous.flatten(0, 1), padding_mode="border")
    visible = ~motion.occluded_in_previous.flatten(0, 1)
    after = (visible * (warped - clips[:, 1:].flatten(0, 1)).abs()).mean()
    before = (visible * (clips[:, :-1] - clips[:, 1:]).flatten(0, 1).abs()).mean()
    assert after < 0.25 * before


@pytest.mark.pretrained
def test_pretrained_spynet_finds_it_too(scenes):
    clips, known = scenes
    found = spynet()(clips)
    assert end_point_error(found.flow_to_next, known.flow_to_next, known.occluded_in_next) < 1.0


def test_each_estimator_is_made_once():
    assert dis() is dis() and exact() is exact() and spynet("random") is spynet("random")


def test_exact_hands_on_what_the_data_know(scenes):
    clips, known = scenes
    assert exact()(clips, known) is known


def test_exact_flow_of_real_video_is_refused(scenes):
    with pytest.raises(UserError, match=r"data=synthetic data\.with_motion=true"):
        exact()(scenes[0], None)


def test_a_single_frame_has_no_motion(scenes):
    motion = dis()(scenes[0][:, :1])
    assert motion.flow_to_next.shape == (2, 0, 2, 160, 160)
    assert motion.occluded_in_previous.shape == (2, 0, 1, 160, 160)


@pytest.mark.slow
def test_raft_takes_any_size_and_its_gradients_stop():
    estimator = raft("small", "random")
    clips = torch.rand(1, 2, 3, 50, 70, requires_grad=True)
    motion = estimator(clips)
    assert motion.flow_to_next.shape == (1, 1, 2, 50, 70) and not motion.flow_to_next.requires_grad


def test_raft_without_its_weights_says_how_to_supply_them(monkeypatch, tmp_path):
    monkeypatch.setenv("VSR_OFFLINE", "1")
    monkeypatch.setenv("VSR_CACHE", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(UserError, match="raft_large_C_T_SKHT_V2"):
        raft("large", "pretrained")
