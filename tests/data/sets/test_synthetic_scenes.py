import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vsr.data import SyntheticScenes
from vsr.data.sets.synthetic import Layer, SyntheticClip, Texture


def textures(count):
    return [layer.texture for layer in SyntheticScenes(1, 4, 64, seed=3, shapes=count - 1)[0].layers]


def warp(frame, flow):
    """frame (H, W, 3) sampled bilinearly at p + flow[p], flow (2, H, W)."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[:height, :width] + flow[::-1]
    grid = torch.from_numpy(np.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], -1))[None]
    source = torch.from_numpy(frame.astype(np.float64).transpose(2, 0, 1))[None]
    return F.grid_sample(source, grid, align_corners=True)[0].numpy().transpose(1, 2, 0)


def directions(clip, indices):
    """(frame here, frame there, flow, hidden) for every pair of neighbours, both ways."""
    frames, motion = clip.read(indices), clip.motion(indices)
    for t in range(len(indices) - 1):
        yield frames[t], frames[t + 1], motion.flow_to_next[t], motion.occluded_in_next[t, 0]
        yield frames[t + 1], frames[t], motion.flow_to_previous[t], motion.occluded_in_previous[t, 0]


def test_whole_pixel_motion_is_exact_wherever_it_is_visible():
    ground, first, second = textures(3)
    layers = [
        Layer(ground, (0, 0), (1, -2)),
        Layer(first, (20, 24), (-2, 3), radii=(11, 7)),
        Layer(second, (38, 40), (3, 0), radii=(8, 9), box=True),
    ]
    for here, there, flow, hidden in directions(SyntheticClip("scene", layers, 8, (60, 72)), range(1, 7)):
        assert np.abs(warp(there, flow) - here)[~hidden].max() < 1e-6
        assert 0.02 < hidden.mean() < 0.3
        assert np.abs(warp(there, flow) - here)[hidden].mean() > 5  # nothing is marked without need


def test_occlusion_is_the_strip_in_front_of_and_behind_a_moving_square():
    ground, square = textures(2)
    layers = [Layer(ground, (0, 0), (0, 0)), Layer(square, (10, 15), (2, 0), radii=(4.5, 4.5), box=True)]
    motion = SyntheticClip("square", layers, 2, (30, 30)).motion([0, 1])
    in_front, behind = np.zeros((2, 30, 30), bool)
    in_front[11:20, 15:17] = True  # the square covers columns 6..14, then 8..16
    behind[11:20, 6:8] = True
    assert np.array_equal(motion.occluded_in_next[0, 0], in_front)
    assert np.array_equal(motion.occluded_in_previous[0, 0], behind)
    assert motion.flow_to_next[0, :, 15, 10].tolist() == [2, 0]
    assert motion.flow_to_previous[0, :, 15, 10].tolist() == [-2, 0]
    assert not motion.flow_to_next[0, :, :, 20:].any()


def test_pixels_that_leave_the_picture_are_occluded():
    motion = SyntheticClip("pan", [Layer(*textures(1), (0, 0), (3, 0))], 2, (8, 20)).motion([0, 1])
    assert motion.occluded_in_next[0, 0].any(axis=0).nonzero()[0].tolist() == [17, 18, 19]
    assert motion.occluded_in_previous[0, 0].all(axis=0).nonzero()[0].tolist() == [0, 1, 2]


def test_sub_pixel_motion_and_rotation_agree_with_the_frames():
    smooth = Texture(np.full(3, 0.5), np.full((3, 2), 0.2), np.array([[0.02, 0.01], [-0.01, 0.025]]), np.zeros(2))
    layers = [Layer(smooth, (0, 0), (0.7, -1.3)), Layer(smooth, (30, 30), (-0.4, 0.9), spin=0.05, radii=(18, 12))]
    for here, there, flow, hidden in directions(SyntheticClip("smooth", layers, 8, (64, 64)), [2, 3, 6]):
        error = np.abs(warp(there, flow) - here)[~hidden]
        assert np.quantile(error, 0.95) < 2  # of 255 levels; bilinear sampling errs at the shapes' edges


def test_flow_there_and_back_returns():
    clip = SyntheticClip("pan", [Layer(*textures(1), (0, 0), (1.25, -0.5))], 3, (16, 16))
    motion = clip.motion([0, 2])
    assert motion.flow_to_next.shape == (1, 2, 16, 16)
    assert np.allclose(motion.flow_to_next[0, :, 0, 0], (2.5, -1.0))
    assert np.allclose(motion.flow_to_next + motion.flow_to_previous, 0)


def test_a_single_frame_has_no_motion():
    motion = SyntheticScenes(1, 3, 32, seed=0)[0].motion([1])
    assert motion.flow_to_next.shape == (0, 2, 32, 32)
    assert motion.occluded_in_previous.shape == (0, 1, 32, 32)


def test_scenes_depend_on_seed_and_number_alone():
    few, many, other = SyntheticScenes(2, 6, 32, 0), SyntheticScenes(4, 6, 32, 0), SyntheticScenes(2, 6, 32, 1)
    assert np.array_equal(few[1].read([2, 5]), many[1].read([2, 5]))
    assert not np.array_equal(few[0].read([2]), few[1].read([2]))
    assert not np.array_equal(few[1].read([2]), other[1].read([2]))


@pytest.mark.parametrize("number", range(3))
def test_random_scenes_have_detail_and_motion(number):
    clip = SyntheticScenes(3, 10, 96, seed=5)[number]
    frames, motion = clip.read([5, 6]), clip.motion([5, 6])
    assert frames.std() > 25
    assert 0 < motion.occluded_in_next.mean() < 0.4
    speed = np.linalg.norm(motion.flow_to_next[0], axis=0)
    assert len(np.unique(motion.flow_to_next[0, 0].round(4))) > 1  # layers move apart
    assert speed.max() < 6
