"""A clip says where it lies, so that the line that leaves it out does."""

import shutil

import cv2
import lmdb
import numpy as np
import pytest

from vsr.data import FrameFolder, LmdbFolder, Paired, folder_data, paired_data, vimeo90k_data
from vsr.data.clip import Clips
from vsr.data.paired import PairedClip
from vsr.data.sets.synthetic import SyntheticScenes
from vsr.errors import UserError


@pytest.fixture
def frames(tmp_path):
    for folder, size in (("hr/a", 32), ("hr/b", 32), ("lr/a", 8), ("lr/b", 8)):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(tmp_path / folder / f"{number}.png"), np.zeros((size, size, 3), np.uint8))
    return tmp_path


def test_folders_of_frames(frames):
    assert [str(clip.path) for clip in FrameFolder(frames / "hr")] == [f"{frames}/hr/a", f"{frames}/hr/b"]


def test_a_pair_lies_where_its_original_does(frames):
    pairs = Paired(FrameFolder(frames / "hr"), FrameFolder(frames / "lr"), 4)
    assert [str(pair.path) for pair in pairs] == [f"{frames}/hr/a", f"{frames}/hr/b"]
    scenes = Clips([PairedClip(*(SyntheticScenes(1, 2, size, 0)[0] for size in (64, 16)))])
    assert str(scenes[0].path) == "scene_0000"  # which lies nowhere


def test_an_lmdb_and_septuplets(frames):
    environment = lmdb.open(str(frames / "x.lmdb"))
    environment.close()
    (frames / "x.lmdb" / "meta_info.txt").write_text("c/000/0.png (24,32,3) 1\n")
    assert [str(clip.path) for clip in LmdbFolder(frames / "x.lmdb")] == [f"{frames.resolve()}/x.lmdb/c/000"]
    septuplet = frames / "sequences" / "00001" / "0001"
    septuplet.mkdir(parents=True)
    for number in range(1, 8):
        shutil.copy(frames / "hr" / "a" / "0.png", septuplet / f"im{number}.png")
    for name in ("sep_trainlist.txt", "sep_testlist.txt"):
        (frames / name).write_text("00001/0001\n")
    with pytest.raises(UserError):
        vimeo90k_data(str(frames), scale=4, name="vimeo90k")  # 32 px are too small for any crop
    (clip,) = vimeo90k_data(str(frames), train=None, scale=2, name="vimeo90k").val_clips.clips
    assert str(clip.path) == str(septuplet)


@pytest.mark.parametrize("paired", [False, True])
def test_a_clip_that_is_too_small_is_recorded_by_its_path(frames, paired):
    for folder, size in (("hr/c", 64), ("lr/c", 16), ("hr/d", 64), ("lr/d", 16)):
        (frames / folder).mkdir()
        for number in range(2):
            cv2.imwrite(str(frames / folder / f"{number}.png"), np.zeros((size, size, 3), np.uint8))
    settings = {"name": "x", "scale": 4, "frames": 2, "crop": 48, "max_broken": 0.9, "val_clips": ["d"]}
    if paired:
        data = paired_data(str(frames / "hr"), str(frames / "lr"), **settings)
    else:
        data = folder_data(FrameFolder, str(frames / "hr"), **settings)
    assert [file.path for file in data.broken] == [f"{frames}/hr/a", f"{frames}/hr/b"]
