import cv2
import numpy as np
import pytest

from vsr.data import FrameFolder, LmdbFolder, folder_data, folder_split
from vsr.errors import UserError

SETTINGS = {"name": "test", "scale": 4, "frames": 2, "crop": 8}


def write_clip(folder, frames, size=(64, 68), first=0):
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((*size, 3), first + number, np.uint8))


def names(clips):
    return [clip.name for clip in clips]


@pytest.fixture
def root(tmp_path):
    for name in ("a", "b", "c"):
        write_clip(tmp_path / "hr" / name, 5)
    return tmp_path / "hr"


def test_the_last_clip_validates(root):
    data = folder_data(FrameFolder, str(root), **SETTINGS)
    assert {data.train_clips[index]["name"] for index in range(20)} == {"a", "b"}
    assert [clip["name"] for clip in data.val_dataloader()] == ["c"]


def test_a_validation_folder_of_ones_own(root, tmp_path):
    write_clip(tmp_path / "val" / "v", 3)
    train, val = folder_split(FrameFolder, str(root), str(tmp_path / "val"), scale=4)
    assert (names(train), names(val)) == (["a", "b", "c"], ["v"])


def test_clips_that_are_named_validate(root):
    train, val = folder_split(FrameFolder, str(root), val_clips=["c", "a"], scale=4)
    assert (names(train), names(val)) == (["b"], ["c", "a"])


def test_without_training_every_clip_and_frame_is_scored(root):
    data = folder_data(FrameFolder, str(root), train=None, **{**SETTINGS, "crop": 256, "frames": 99})
    assert [clip["name"] for clip in data.val_dataloader()] == ["a", "b", "c"]
    assert [len(clip["hr"]) for clip in data.val_dataloader()] == [5, 5, 5]
    assert data.train_clips is None


def test_without_training_a_validation_folder_is_the_one_scored(root):
    assert names(folder_split(FrameFolder, None, str(root), train=None, scale=4)[1]) == ["a", "b", "c"]


def test_without_training_clips_that_are_named_are_the_ones_scored(root):
    train, val = folder_split(FrameFolder, str(root), val_clips=["b"], train=None, scale=4)
    assert (train, names(val)) == (None, ["b"])


def test_held_out_clips_keep_their_lr(root, tmp_path):
    for number, name in enumerate(("a", "b", "c")):
        write_clip(tmp_path / "lr" / name, 5, size=(16, 17), first=100 * number)
    train, val = folder_split(FrameFolder, str(root), lr=str(tmp_path / "lr"), scale=4)
    assert val[0].lr.read([3])[0, 0, 0].tolist() == [203] * 3
    assert train[1].lr.read([0])[0, 0, 0].tolist() == [100] * 3


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"val_lr": "x"}, "data.val_lr is set, data.val_root is not"),
        ({"val_root": "x", "val_clips": ["a"]}, "data.val_root and data.val_clips are both set"),
        ({"val_root": "x", "lr": "y"}, "data.lr is set, data.val_lr is not"),
    ],
)
def test_settings_that_contradict_each_other(root, settings, line):
    with pytest.raises(UserError, match=line):
        folder_split(FrameFolder, str(root), scale=4, **settings)


@pytest.mark.parametrize("key", ["root", "val_root", "lr", "val_lr"])
def test_an_error_names_the_key_that_is_wrong(root, tmp_path, key):
    write_clip(tmp_path / "lr" / "a", 5, size=(16, 17))
    write_clip(tmp_path / "one" / "a", 5)
    good = dict.fromkeys(("root", "val_root"), str(tmp_path / "one")) | dict.fromkeys(
        ("lr", "val_lr"), str(tmp_path / "lr")
    )
    folder_split(FrameFolder, **good, scale=4)
    with pytest.raises(UserError, match=rf"nowhere' does not exist. Set data.{key}=FOLDER"):
        folder_split(FrameFolder, **{**good, key: str(tmp_path / "nowhere")}, scale=4)


def test_index_and_cuts_reach_the_sources_that_know_them(root):
    asked = {}

    def source(root, **settings):
        asked[root] = settings
        return FrameFolder(root)

    folder_split(source, str(root), scale=4, index="somewhere", cuts=False, max_broken=0.5)
    assert asked[str(root)] == {"index": "somewhere", "cuts": False, "max_broken": 0.5}
    with pytest.raises(UserError, match=r"data.mdb"):  # and not TypeError: an LMDB has neither
        folder_split(LmdbFolder, str(root), scale=4)


def test_a_home_folder_is_understood(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root.parent))
    assert names(FrameFolder("~/hr")) == ["a", "b", "c"]
