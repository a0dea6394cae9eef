import cv2
import numpy as np
import pytest

from vsr.data import FrameFolder, Paired, clips_below, paired_data, paired_split
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clips
from vsr.errors import UserError


def write_clip(folder, frames=3, size=(32, 40), value=0):
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((*size, 3), value + number, np.uint8))


def write_video(file, frames=6, size=(64, 48)):
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"mp4v"), 25, size)
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 20 * number, np.uint8))
    writer.release()


@pytest.fixture
def roots(tmp_path):
    for number, name in enumerate(("a", "b", "c/d")):
        write_clip(tmp_path / "hr" / name)
        write_clip(tmp_path / "lr" / name, size=(8, 10), value=100 + 10 * number)
    write_clip(tmp_path / "lr" / "z", size=(8, 10))
    return str(tmp_path / "hr"), str(tmp_path / "lr")


def test_clips_of_equal_names_are_pairs(roots):
    pairs = Paired(*map(FrameFolder, roots), 4)
    assert [pair.name for pair in pairs] == ["a", "b", "c/d"]
    assert [int(pair.read([1])[0, 0, 0, 0]) for pair in pairs] == [1, 1, 1]
    assert [int(pair.lr.read([1])[0, 0, 0, 0]) for pair in pairs] == [101, 111, 121]


def test_two_single_clips_are_a_pair_whatever_they_are_called(tmp_path):
    write_clip(tmp_path / "HR")
    write_clip(tmp_path / "LR", size=(8, 10), value=100)
    (pair,) = Paired(FrameFolder(tmp_path / "HR"), FrameFolder(tmp_path / "LR"), 4)
    assert int(pair.lr.read([0])[0, 0, 0, 0]) == 100


@pytest.mark.parametrize("path", ["/lr/c/d", "/lr/c/d.mp4", "c/d"])
def test_a_clip_whose_partner_is_broken_is_left_out(roots, path):
    hr, lr = map(FrameFolder, roots)
    broken = [BrokenFileError("broken", path)]
    whole = Clips([clip for clip in lr if clip.name != "c/d"], broken)
    pairs = Paired(hr, whole, 4)
    assert [pair.name for pair in pairs] == ["a", "b"]
    assert pairs.broken == broken


@pytest.mark.parametrize("path", ["/lr/d", "/lr/xc/d", "/lr/c/d/0"])
def test_another_broken_clip_is_no_excuse(roots, path):
    hr, lr = map(FrameFolder, roots)
    with pytest.raises(UserError, match=r"Clip 'c/d' has no low-resolution partner in data.lr"):
        Paired(hr, Clips([clip for clip in lr if clip.name != "c/d"], [BrokenFileError("broken", path)]), 4)


@pytest.mark.parametrize(
    ("frames", "size", "line"),
    [
        (2, (8, 10), "has 3 frames, its low-resolution partner 2"),
        (3, (16, 20), "is 20x16, not 10x8 as scale=4 asks"),
    ],
)
def test_a_partner_that_does_not_fit(tmp_path, roots, frames, size, line):
    write_clip(tmp_path / "other" / "a", frames, size)
    write_clip(tmp_path / "other" / "b", frames, size)
    with pytest.raises(UserError, match=line):
        Paired(FrameFolder(roots[0])[:1], FrameFolder(tmp_path / "other"), 4)


def test_videos_and_pictures_are_told_apart(tmp_path, roots):
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / "v.mp4")
    assert [clip.name for clip in clips_below(tmp_path / "videos")] == ["v"]
    assert [clip.name for clip in clips_below(roots[0])] == ["a", "b", "c/d"]
    with pytest.raises(UserError, match="holds both videos and pictures"):
        clips_below(tmp_path)


def test_lr_of_a_video_may_be_pictures(tmp_path):
    (tmp_path / "hr").mkdir()
    for name in ("v", "w"):
        write_video(tmp_path / "hr" / f"{name}.mp4")
        write_clip(tmp_path / "lr" / name, 6, (12, 16), value=50)
    train, val = paired_split(str(tmp_path / "hr"), str(tmp_path / "lr"), scale=4)
    assert [(clip.name, clip.lr.size) for clip in (*train, *val)] == [("v", (12, 16)), ("w", (12, 16))]


def test_training_items_bring_the_lr_of_their_window(tmp_path):
    hr = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    for name in ("a", "b"):
        (tmp_path / "hr" / name).mkdir(parents=True)
        (tmp_path / "lr" / name).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(tmp_path / "hr" / name / f"{number}.png"), hr)
            cv2.imwrite(str(tmp_path / "lr" / name / f"{number}.png"), hr[::4, ::4])
    data = paired_data(
        str(tmp_path / "hr"),
        str(tmp_path / "lr"),
        scale=4,
        name="paired",
        frames=2,
        crop=16,
        flips=False,
        transpose=False,
    )
    for index in range(10):
        item = data.train_clips[index]
        assert np.array_equal(item["hr"][..., ::4, ::4], item["lr"])


def test_lr_must_be_given(roots):
    with pytest.raises(UserError, match=r"data.lr is not set"):
        paired_split(roots[0], None, scale=4)
