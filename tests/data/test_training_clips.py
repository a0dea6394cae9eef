from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from vsr.data import SyntheticScenes, TrainingClips
from vsr.data.synthetic import SyntheticClip
from vsr.errors import UserError


class NoiseClip:
    """Every pixel differs, so that a window can be found again."""

    def __init__(self, name="noise", length=7, size=(14, 18)):
        self.name, self.length, self.size = name, length, size
        self.video = np.random.default_rng(length).integers(0, 256, (length, *size, 3), dtype=np.uint8)

    def read(self, indices):
        return self.video[list(indices)]


def where(video, item, side):
    """Every (start, top, left, mirror x, mirror y, transpose, reverse) of ``video`` that gives ``item``."""
    wanted = item.numpy().transpose(0, 2, 3, 1)
    found = []
    spans = (range(video.shape[axis] - length + 1) for axis, length in enumerate((len(wanted), side, side)))
    for (start, top, left), (fx, fy, tr, rev) in product(product(*spans), product([0, 1], repeat=4)):
        window = video[start : start + len(wanted), top : top + side, left : left + side]
        window = window[:, :, ::-1] if fx else window
        window = window[:, ::-1] if fy else window
        window = window.swapaxes(1, 2) if tr else window
        window = window[::-1] if rev else window
        if np.array_equal(window, wanted):
            found.append((start, top, left, fx, fy, tr, rev))
    return found


def test_items_are_turned_windows_and_every_kind_occurs():
    clip = NoiseClip()
    data = TrainingClips([clip], frames=4, crop=10, seed=0)
    seen = []
    for index in range(60):
        item = data[index]
        assert item["hr"].dtype == torch.uint8
        assert item["hr"].shape == (4, 3, 10, 10)
        assert item["name"] == "noise"
        (place,) = where(clip.video, item["hr"], 10)
        seen.append(place)
    choices = [sorted(set(column)) for column in zip(*seen, strict=True)]
    assert choices[:3] == [list(range(4)), list(range(5)), list(range(9))]  # to the last start and the far borders
    assert choices[3:] == [[0, 1]] * 4


def test_switched_off_augmentations_do_not_happen_and_leave_the_other_draws():
    clip = NoiseClip()
    free = TrainingClips([clip], 4, 10, seed=0)
    plain = TrainingClips([clip], 4, 10, seed=0, flips=False, transpose=False, reverse=False)
    backwards = TrainingClips([clip], 4, 10, seed=0, flips=False, transpose=False)
    for index in range(12):
        (place,) = where(clip.video, free[index]["hr"], 10)
        assert where(clip.video, plain[index]["hr"], 10) == [(*place[:3], 0, 0, 0, 0)]
        assert where(clip.video, backwards[index]["hr"], 10) == [(*place[:3], 0, 0, 0, place[6])]


def test_an_item_depends_on_seed_and_index_alone():
    one, again = (TrainingClips([NoiseClip()], 3, 8, seed=1) for _ in range(2))
    other = TrainingClips([NoiseClip()], 3, 8, seed=2)
    for index in (5, 0, 5):
        assert torch.equal(one[index]["hr"], again[index]["hr"])
    assert not torch.equal(one[0]["hr"], one[1]["hr"])
    assert not torch.equal(one[0]["hr"], other[0]["hr"])


def test_every_excerpt_is_equally_likely():
    data = TrainingClips([NoiseClip("short", 4), NoiseClip("long", 14)], frames=4, crop=4, seed=0)
    share = np.mean([data[index]["name"] == "short" for index in range(1200)])
    assert 1 / 12 - 0.03 < share < 1 / 12 + 0.03


def whole_pixel_scene():
    layers = SyntheticScenes(1, 8, 48, seed=2)[0].layers
    velocities = [(1, -2), (-2, 1), (3, 1), (0, -3)]
    moved = [replace(layer, velocity=v, spin=0.0) for layer, v in zip(layers, velocities, strict=True)]
    return SyntheticClip("scene", moved, 8, (48, 56))


def sample(frame, flow):
    """frame (3, H, W) at p + flow[p] for whole-pixel flow; outside positions are clamped."""
    height, width = frame.shape[-2:]
    y, x = np.mgrid[:height, :width] + np.rint(flow.numpy()[::-1]).astype(int)
    return frame[:, y.clip(0, height - 1), x.clip(0, width - 1)]


def test_motion_turns_with_the_frames():
    data = TrainingClips([whole_pixel_scene()], frames=4, crop=32, seed=0, with_motion=True)
    for index in range(40):
        item = data[index]
        hr = item["hr"]
        assert item["flow_to_next"].shape == (3, 2, 32, 32)
        assert item["occluded_in_previous"].dtype == torch.bool
        for t in range(3):
            visible = ~item["occluded_in_next"][t, 0]
            assert torch.equal(sample(hr[t + 1], item["flow_to_next"][t])[:, visible], hr[t][:, visible])
            visible = ~item["occluded_in_previous"][t, 0]
            assert torch.equal(sample(hr[t], item["flow_to_previous"][t])[:, visible], hr[t + 1][:, visible])
            assert visible.float().mean() > 0.5


def test_leaving_the_crop_counts_as_occlusion():
    data = TrainingClips(
        [whole_pixel_scene()], 2, 32, 0, flips=False, transpose=False, reverse=False, with_motion=True
    )
    flow, hidden = data[0]["flow_to_next"][0], data[0]["occluded_in_next"][0, 0]
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    outside = ((x + flow[0]).round() > 31) | ((x + flow[0]).round() < 0)
    outside |= ((y + flow[1]).round() > 31) | ((y + flow[1]).round() < 0)
    assert outside.any()
    assert hidden[outside].all()


def test_clips_that_cannot_be_cropped_are_named():
    clips = [NoiseClip("fine"), NoiseClip("brief", length=3), NoiseClip("tiny", size=(9, 30))]
    with pytest.raises(UserError, match=r"shorter than data.frames=5: 'brief' \(3\). Lower data.frames"):
        TrainingClips(clips, frames=5, crop=8, seed=0)
    with pytest.raises(UserError, match=r"smaller than data.crop=10: 'tiny' \(30x9\). Lower data.crop"):
        TrainingClips(clips, frames=3, crop=10, seed=0)
    with pytest.raises(UserError, match=r"no training clips"):
        TrainingClips([], frames=3, crop=10, seed=0)
    with pytest.raises(UserError, match=r"use data=synthetic"):
        TrainingClips(clips, frames=3, crop=8, seed=0, with_motion=True)
