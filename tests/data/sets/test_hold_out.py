import logging
from types import SimpleNamespace

import pytest

from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clips
from vsr.data.sets.hold_out import hold_out
from vsr.errors import UserError


def clip(name, length=10, size=(8, 8), **more):
    def read(indices, window=None):
        return list(indices)

    return SimpleNamespace(name=name, length=length, size=size, cuts=(), read=read, **more)


def names(clips):
    return [clip.name for clip in clips]


def test_the_last_clip_is_held_out_and_said_so(caplog):
    broken = [BrokenFileError("x is broken", "x")]
    with caplog.at_level(logging.INFO):
        train, val = hold_out(Clips([clip("a"), clip("b"), clip("c")], broken))
    assert (names(train), names(val)) == (["a", "b"], ["c"])
    assert "held out for validation: clip 'c'" in caplog.text
    assert train.broken == broken


def test_a_clip_too_small_to_validate_on_trains():
    clips = [clip("a", size=(64, 70)), clip("b", size=(64, 64)), clip("c", size=(63, 90))]
    train, val = hold_out(clips, smallest=64)
    assert (names(train), names(val)) == (["a", "c"], ["b"])


def test_of_a_single_clip_the_last_fifth_is_held_out():
    (train,), (val,) = hold_out([clip("only", 10)])
    assert [train.read(range(train.length)), val.read(range(val.length))] == [list(range(8)), [8, 9]]


def test_shots_of_one_video_stay_on_one_side():
    shots = [clip(f"{video}/{shot}", video=video) for video, shot in ["a0", "b0", "a1", "c0", "b1"]]
    train, val = hold_out(shots)
    assert (names(train), names(val)) == (["a/0", "a/1", "c/0"], ["b/0", "b/1"])


def test_of_a_single_video_the_last_shot_is_held_out():
    train, val = hold_out([clip(name, video="a") for name in ("a/0", "a/1", "a/2")])
    assert (names(train), names(val)) == (["a/0", "a/1"], ["a/2"])


def test_a_single_frame_cannot_be_split():
    with pytest.raises(UserError, match=r"'still' has one frame: .* Set data.val_root"):
        hold_out([clip("still", 1)])


def test_names_must_be_clips_and_leave_some():
    with pytest.raises(UserError, match=r"data.val_clips: there is no clip 'beech'. Did you mean 'beach'"):
        hold_out([clip("beach"), clip("park")], ["beech"])
    with pytest.raises(UserError, match="holds out every clip"):
        hold_out([clip("beach"), clip("park")], ["beach", "park"])


def test_shots_of_the_video_of_a_named_one_do_not_train(caplog):
    shots = [clip(f"{video}_{shot}", video=video) for video, shot in ["a0", "b0", "a1", "c0", "a2"]]
    with caplog.at_level(logging.INFO):
        train, val = hold_out(shots, ["a_1"])
    assert (names(train), names(val)) == (["b_0", "c_0"], ["a_1"])
    assert "2 clips of the same videos as those of data.val_clips do not train" in caplog.text


def test_of_a_single_video_the_shots_that_are_not_named_train(caplog):
    shots = [clip(f"a_{shot}", video="a") for shot in range(3)]
    train, val = hold_out(shots, ["a_1"])
    assert (names(train), names(val)) == (["a_0", "a_2"], ["a_1"])
    assert "are of the same videos: there are no others" in caplog.text


def test_clips_of_no_video_are_each_of_their_own(caplog):
    with caplog.at_level(logging.INFO):
        train, _ = hold_out([clip("a"), clip("b"), clip("c")], ["b"])
    assert names(train) == ["a", "c"] and not caplog.text
