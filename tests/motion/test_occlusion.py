"""Occlusion from flow: against the masks that synthetic scenes know, and against its own inequality by hand."""

import pytest
import torch

from vsr.data import SyntheticScenes
from vsr.motion import occluded
from vsr.motion.occlusion import leaves_picture


def exact(clip, frames=4):
    return [torch.from_numpy(field) for field in clip.motion(range(frames))]


def test_exact_flow_gives_the_masks_the_scenes_know():
    """Layers that move alike to within the formula's 0.7 px cannot be told apart by it: fast scenes keep them rare."""
    common = either = 0
    for clip in SyntheticScenes(clips=6, frames=4, size=160, seed=0, speed=14.0):
        to_next, to_previous, in_next, in_previous = exact(clip)
        for flow, back, known in ((to_next, to_previous, in_next), (to_previous, to_next, in_previous)):
            found = occluded(flow, back, motion_boundaries=False)
            common += int((found & known).sum())
            either += int((found | known).sum())
    assert common / either >= 0.9


def test_the_inequality_by_hand():
    flow, back = torch.zeros(1, 2, 5, 7), torch.zeros(1, 2, 5, 7)
    flow[0, 0] = 1.0
    back[0, 0] = -1.0
    back[0, :, 2, 3] = torch.tensor([0.0, 0.0])  # pixel (2, 2) flows here and is not led back: |1 + 0|² > 0.01 + 0.5
    back[0, :, 4, 4] = torch.tensor([-0.4, 0.0])  # (4, 3) flows here: 0.36 <= 0.01 (1 + 0.16) + 0.5
    expected = torch.zeros(5, 7, dtype=torch.bool)
    expected[:, 6] = True  # leaves the picture
    expected[2, 2] = True
    assert torch.equal(occluded(flow, back, motion_boundaries=False)[0, 0], expected)


def test_motion_boundaries_mark_the_edge_of_a_moving_thing():
    flow = torch.zeros(1, 2, 8, 8)
    flow[0, 0, :, 4:] = 0.5
    found = occluded(flow, -flow)[0, 0]
    assert found[:, 3].all()  # |∇w|² = 0.25 > 0.002
    assert not found[:, :3].any() and not found[:, 4:7].any()


@pytest.mark.parametrize(("dx", "outside"), [(0.4, 0), (0.6, 1), (2.6, 3)])
def test_pixels_that_leave_the_picture(dx, outside):
    flow = torch.zeros(1, 2, 3, 9)
    flow[:, 0] = dx
    assert leaves_picture(flow)[0, 0].sum(1).tolist() == [outside] * 3


def test_a_still_clip_hides_nothing():
    still = torch.zeros(2, 2, 6, 6)
    assert not occluded(still, still).any()


def test_both_ways_of_one_scene_differ():
    clip = SyntheticScenes(clips=1, frames=2, size=64, seed=3, speed=8.0)[0]
    to_next, to_previous, *_ = exact(clip, 2)
    assert not torch.equal(occluded(to_next, to_previous), occluded(to_previous, to_next))
