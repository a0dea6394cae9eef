from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hydra.utils import instantiate

from vsr.data import Clips, ClipSampler, SyntheticScenes, TrainingClips
from vsr.data.batch import hr_and_lr
from vsr.data.broken import BrokenFileError
from vsr.data.paired import Paired
from vsr.data.sets.synthetic import SyntheticClip
from vsr.errors import UserError


class NoiseClip:
    """Every pixel differs, so that a window can be found again."""

    def __init__(self, name="noise", length=7, size=(14, 18), cuts=()):
        self.name, self.length, self.size, self.cuts = name, length, size, cuts
        self.video = np.random.default_rng(length).integers(0, 256, (length, *size, 3), dtype=np.uint8)
        self.gone = False

    def read(self, indices, window=None):
        if self.gone:
            raise BrokenFileError(f"{self.name}.mp4 is gone. Put it back.", f"{self.name}.mp4")
        frames = self.video[list(indices)]
        return frames if window is None else window.of(frames)


PLAIN = {"flips": False, "transpose": False, "reverse": False}


def training_clips(clips, frames, crop, seed=0, scale=1, mirror=False, with_motion=False, **settings):
    return TrainingClips(clips, ClipSampler(clips, frames, crop, seed, **settings), scale, mirror, with_motion)


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
    data = training_clips([clip], frames=4, crop=10, seed=0)
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
    free = training_clips([clip], 4, 10, seed=0)
    plain = training_clips([clip], 4, 10, seed=0, **PLAIN)
    backwards = training_clips([clip], 4, 10, seed=0, flips=False, transpose=False)
    for index in range(12):
        (place,) = where(clip.video, free[index]["hr"], 10)
        assert where(clip.video, plain[index]["hr"], 10) == [(*place[:3], 0, 0, 0, 0)]
        assert where(clip.video, backwards[index]["hr"], 10) == [(*place[:3], 0, 0, 0, place[6])]


def test_an_item_depends_on_seed_and_index_alone():
    one, again = (training_clips([NoiseClip()], 3, 8, seed=1) for _ in range(2))
    other = training_clips([NoiseClip()], 3, 8, seed=2)
    for index in (5, 0, 5):
        assert torch.equal(one[index]["hr"], again[index]["hr"])
    assert not torch.equal(one[0]["hr"], one[1]["hr"])
    assert not torch.equal(one[0]["hr"], other[0]["hr"])


def test_every_excerpt_is_equally_likely():
    data = training_clips([NoiseClip("short", 4), NoiseClip("long", 14)], frames=4, crop=4, seed=0)
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
    data = training_clips([whole_pixel_scene()], frames=4, crop=32, seed=0, with_motion=True)
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
    data = training_clips(
        [whole_pixel_scene()], 2, 32, 0, flips=False, transpose=False, reverse=False, with_motion=True
    )
    flow, hidden = data[0]["flow_to_next"][0], data[0]["occluded_in_next"][0, 0]
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    outside = ((x + flow[0]).round() > 31) | ((x + flow[0]).round() < 0)
    outside |= ((y + flow[1]).round() > 31) | ((y + flow[1]).round() < 0)
    assert outside.any()
    assert hidden[outside].all()


def frame_numbers(clip, hr):
    """Which frames of ``clip`` the untouched crop ``hr`` shows; the crop is the whole picture."""
    pictures = [np.ascontiguousarray(frame).tobytes() for frame in clip.video]
    return [pictures.index(np.ascontiguousarray(frame.numpy().transpose(1, 2, 0)).tobytes()) for frame in hr]


def test_no_item_crosses_a_cut_and_all_excerpts_within_shots_occur():
    clip = NoiseClip(length=12, size=(10, 10), cuts=(4, 9))
    data = training_clips([clip], 3, 10, **PLAIN)
    starts = {tuple(frame_numbers(clip, data[index]["hr"])) for index in range(150)}
    assert starts == {(s, s + 1, s + 2) for s in (0, 1, 4, 5, 6, 9)}


def test_strides_are_drawn_and_shrink_to_fit_a_shot():
    clip = NoiseClip(length=15, size=(10, 10), cuts=(10,))
    data = training_clips([clip], 4, 10, strides=[1, 3], **PLAIN)
    seen = {tuple(frame_numbers(clip, data[index]["hr"])) for index in range(200)}
    steps = {(item[0] >= 10, item[1] - item[0]) for item in seen}
    assert steps == {(False, 1), (False, 3), (True, 1)}  # the second shot has five frames: stride 3 does not fit
    assert all(np.ptp(np.diff(item)) == 0 for item in seen)
    assert {item for item in seen if item[1] - item[0] == 3} == {(0, 3, 6, 9)}
    seven = training_clips([NoiseClip(length=7, size=(10, 10))], 4, 10, strides=[1, 3], **PLAIN)
    assert {tuple(np.diff(seven.sampler.draw(index).frames)) for index in range(40)} == {(1, 1, 1)}  # never 2


def test_a_still_is_seen_through_a_wandering_window():
    still = NoiseClip(length=1, size=(40, 60))
    data = training_clips([still], 5, 12, **PLAIN)
    assert data.sampler.stills == 1
    windows = np.lib.stride_tricks.sliding_window_view(still.video[0], (12, 12), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    steps = []
    for index in range(40):
        crops = data[index]["hr"].numpy().transpose(0, 2, 3, 1)
        places = [np.argwhere((windows == crop).all(axis=(2, 3, 4))) for crop in crops]
        steps += np.diff(np.concatenate(places), axis=0).tolist()
    steps = np.array(steps)
    assert np.abs(steps).max() == 4 and set(np.unique(steps)) == set(range(-4, 5))


def test_a_still_no_larger_than_the_crop_stands_still():
    clip = NoiseClip(length=2, size=(12, 30))
    rows = {
        place[1]
        for index in range(10)
        for place in where(clip.video, training_clips([clip], 3, 12, **PLAIN)[index]["hr"][:1], 12)
    }
    assert rows == {0}


def test_moving_first_frame_makes_that_share_of_the_items_stills():
    clip = NoiseClip(length=9, size=(10, 10))
    data = training_clips([clip], 3, 10, moving_first_frame=0.3, **PLAIN)
    shown = [frame_numbers(clip, data[index]["hr"]) for index in range(400)]
    share = np.mean([len(set(frames)) == 1 for frames in shown])
    assert 0.23 < share < 0.37
    assert all(len(set(frames)) in (1, 3) for frames in shown)


def test_a_mirrored_clip_comes_back_and_so_does_its_lr():
    item = training_clips([NoiseClip(size=(16, 16))], 3, 16, scale=4, mirror=True)[0]
    batch = {name: value[None] for name, value in item.items() if isinstance(value, torch.Tensor)}
    hr, lr = hr_and_lr({**batch, "mirrored": torch.tensor([True])}, Noisy())
    assert hr.shape[1] == lr.shape[1] == 6
    assert torch.equal(hr[:, :3] * 255, item["hr"][None].float())
    assert torch.equal(hr, hr.flip(1)) and torch.equal(lr, lr.flip(1))  # one draw there and back
    assert item["mirrored"] and "mirrored" not in training_clips([NoiseClip()], 3, 10)[0]


def test_given_lr_is_cut_and_turned_like_hr():
    hr, lr = NoiseClip(length=6, size=(48, 64)), NoiseClip(length=6, size=(12, 16))
    lr.video = hr.video[:, ::4, ::4].copy()
    data = training_clips(Paired([hr], [lr], 4), 3, 16, scale=4, grid=4, moving_first_frame=0.3)
    for index in range(40):
        item = data[index]
        turned = item["hr"]
        # whichever corner of its 4x4 block is the first, it is the same one everywhere in the item
        assert any(torch.equal(turned[..., y::4, x::4], item["lr"]) for y in (0, 3) for x in (0, 3))


class Noisy:
    """A random degradation that counts its calls as failures of a codec."""

    quantise, failures = False, 0

    def __call__(self, hr):
        self.failures += 1
        return hr[..., ::4, ::4] + torch.rand(hr[..., ::4, ::4].shape)


class Parts(Clips):
    parts = ((2, 1.0), (1, 3.0))


def test_parts_are_drawn_by_weight_and_clips_within_them_by_length():
    clips = Parts([NoiseClip("a", 12), NoiseClip("b", 3), NoiseClip("c", 5)])
    data = training_clips(clips, 3, 10)
    names = [data[index]["name"] for index in range(1500)]
    assert names.count("c") / 1500 == pytest.approx(0.75, abs=0.04)
    assert names.count("b") / 1500 == pytest.approx(0.25 / 11, abs=0.012)


def test_a_file_that_is_gone_is_replaced_and_said():
    lost, fine = NoiseClip("lost", 9), NoiseClip("fine", 9)
    data = training_clips([lost, fine], 3, 10)
    before = [data[index] for index in range(20)]
    lost.gone = True
    for index, item in enumerate(before):
        again = data[index]
        assert again["name"] == "fine"
        if item["name"] == "fine":
            assert again["broken"] == [] and torch.equal(again["hr"], item["hr"])
        else:
            assert set(again["broken"]) == {("lost.mp4", "lost.mp4 is gone. Put it back.")}
            assert torch.equal(again["hr"], data[index]["hr"])  # always the same one in its place
    fine.gone = True
    with pytest.raises(UserError, match=r"20 training clips in a row could not be read; the last: .*\.mp4 is gone"):
        data[0]


def test_lr_made_with_the_item_depends_on_its_key_alone():
    data = training_clips([NoiseClip(size=(16, 16))], 3, 16, scale=4)
    data.degradation = Noisy()
    torch.manual_seed(0)
    first = data[3]
    torch.manual_seed(1)
    data[2]
    assert torch.equal(data[3]["lr"], first["lr"]) and not torch.equal(data[2]["lr"], first["lr"])
    assert first["key"].tolist() == [0, 3] and first["codec_failures"] == 1
    data.degradation = type("Rounds", (), {"quantise": True, "__call__": lambda _, hr: hr[..., ::4, ::4]})()
    assert data[0]["lr"].dtype == torch.uint8
    assert torch.equal(data[0]["lr"], data[0]["hr"][..., ::4, ::4])


def test_what_cannot_be_sampled_is_refused():
    clips = [NoiseClip()]
    for strides in ([], [0], [1.5], 3):
        with pytest.raises(UserError, match=r"data.strides="):
            training_clips(clips, 3, 10, strides=strides)
    with pytest.raises(UserError, match=r"data.moving_first_frame=2: expected a probability"):
        training_clips(clips, 3, 10, moving_first_frame=2)
    with pytest.raises(UserError, match=r"no training clips"):
        training_clips([], 3, 10)
    with pytest.raises(UserError, match=r"use data=synthetic"):
        training_clips(clips, 3, 8, with_motion=True)
    with pytest.raises(UserError, match=r"motion of mirrored"):
        training_clips(SyntheticScenes(1, 5, 32, seed=0), 3, 8, mirror=True, with_motion=True)


def test_the_cameras_lr_is_the_same_on_any_number_of_threads(compose):
    degradation = instantiate(compose("degradation=camera", "scale=4").degradation)
    data = training_clips([NoiseClip(length=5, size=(96, 96))], 3, 96, scale=4)
    data.degradation = degradation
    threads, seen = torch.get_num_threads(), []
    for number in (1, 4):
        torch.set_num_threads(number)
        seen.append(torch.stack([data[index]["lr"] for index in range(4)]))
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    assert torch.equal(*seen)


def test_a_part_of_a_mixture_without_a_clip_to_draw_is_refused():
    clips = Parts([NoiseClip("a"), NoiseClip("b"), NoiseClip("c/tiny", size=(8, 8))])
    with pytest.raises(UserError, match=r"None of the 1 clips beside 'c/tiny' can be drawn: .* data.crop=10"):
        training_clips(clips, 3, 10)
