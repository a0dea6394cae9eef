import logging
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from vsr.data import FrameFolder, benchmark, folder_data
from vsr.errors import UserError

SETTINGS = {"name": "test", "scale": 4, "frames": 2, "crop": 8}


def write_clip(folder, frames, size=(64, 68)):
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((*size, 3), number, np.uint8))


def test_the_last_clip_is_held_out_and_said_so(tmp_path, caplog):
    for name in ("a", "b", "c"):
        write_clip(tmp_path / name, 3)
    with caplog.at_level(logging.INFO):
        data = folder_data(FrameFolder, str(tmp_path), **SETTINGS)
    assert [clip.name for clip in data.train_clips.clips] == ["a", "b"]
    assert [clip.name for clip in data.val_clips.clips] == ["c"]
    assert "clip 'c' is held out" in caplog.text


def test_of_a_single_clip_the_last_fifth_is_held_out(tmp_path):
    write_clip(tmp_path / "only", 10)
    data = folder_data(FrameFolder, str(tmp_path), **SETTINGS)
    assert data.val_clips[0]["hr"][:, 0, 0, 0].tolist() == [8, 9]
    seen = {level for index in range(80) for level in data.train_clips[index]["hr"][:, 0, 0, 0].tolist()}
    assert seen == set(range(8))


def test_a_validation_folder_of_ones_own(tmp_path):
    write_clip(tmp_path / "train" / "a", 3)
    write_clip(tmp_path / "val" / "b", 3)
    data = folder_data(FrameFolder, str(tmp_path / "train"), str(tmp_path / "val"), **SETTINGS)
    assert [clip.name for clip in data.train_clips.clips] == ["a"]
    assert [clip.name for clip in data.val_clips.clips] == ["b"]


def test_a_single_frame_cannot_be_split(tmp_path):
    write_clip(tmp_path / "still", 1)
    with pytest.raises(UserError, match=r"'still' has one frame: .* Set data.val_root"):
        folder_data(FrameFolder, str(tmp_path), **SETTINGS)


def test_benchmark_pairs_low_resolution_with_the_originals(tmp_path):
    write_clip(tmp_path / "GT" / "city", 3)
    write_clip(tmp_path / "BIx4" / "city", 3, size=(16, 17))
    build = partial(benchmark, str(tmp_path), hr="GT", name="vid4", scale=4)
    assert build(lr="BIx4").val_clips[0]["lr"].shape == (3, 3, 16, 17)
    assert "lr" not in build(lr=None).val_clips[0]
    with pytest.raises(UserError, match=r"no folder BDx4/. Set data.lr=null"):
        build(lr="BDx4")


def test_benchmark_without_originals_names_the_remedy(tmp_path):
    with pytest.raises(UserError, match=r"no folder GT/. Set data.root"):
        benchmark(str(tmp_path), hr="GT", name="vid4", scale=4)
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to the one that holds GT/"):
        benchmark(None, hr="GT", name="vid4", scale=4)


def test_a_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_clip(tmp_path / "clips" / "GT" / "city", 2)
    assert FrameFolder("~/clips")[0].name == "GT/city"
    assert benchmark("~/clips", hr="GT", name="vid4", scale=4).val_clips[0]["name"] == "city"
    assert Path("~").expanduser() == tmp_path


def test_without_training_every_clip_and_frame_is_scored(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / "root" / name, 5)
    data = folder_data(FrameFolder, str(tmp_path / "root"), train=None, **{**SETTINGS, "crop": 256, "frames": 99})
    assert [clip["name"] for clip in data.val_dataloader()] == ["a", "b"]
    assert [len(clip["hr"]) for clip in data.val_dataloader()] == [5, 5]
    assert data.train_clips is None


def test_without_training_a_validation_folder_is_the_one_scored(tmp_path):
    write_clip(tmp_path / "val" / "v", 2)
    data = folder_data(FrameFolder, None, str(tmp_path / "val"), train=None, **SETTINGS)
    assert [clip["name"] for clip in data.val_dataloader()] == ["v"]
