from functools import partial

import cv2
import numpy as np
import pytest

from vsr.data import benchmark
from vsr.errors import UserError


def write_clip(folder, frames=3, size=(64, 68), value=0):
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{number:08d}.png"), np.full((*size, 3), value + number, np.uint8))


@pytest.fixture
def vid4(tmp_path):
    for number, name in enumerate(("walk", "city2", "city10")):
        write_clip(tmp_path / "GT" / name)
        write_clip(tmp_path / "BIx4" / name, size=(16, 17), value=10 * number)
        write_clip(tmp_path / "BDx4" / name, size=(16, 17), value=100 + 10 * number)
    return partial(benchmark, str(tmp_path), hr="GT", name="vid4", scale=4)


def test_lr_is_paired_with_the_originals_by_name(vid4):
    assert [clip["name"] for clip in vid4(lr="BIx4").val_dataloader()] == ["city2", "city10", "walk"]
    assert [int(clip["lr"][1, 0, 0, 0]) for clip in vid4(lr="BIx4").val_dataloader()] == [11, 21, 1]
    assert [int(clip["lr"][1, 0, 0, 0]) for clip in vid4(lr="BDx4").val_dataloader()] == [111, 121, 101]
    assert "lr" not in vid4(lr=None).val_clips[0]


def test_spmcs_has_its_folders_within_the_clips(tmp_path):
    for name, value in (("car05_001", 1), ("hdclub_003_001", 2)):
        write_clip(tmp_path / name / "truth", value=value)
        write_clip(tmp_path / name / "input4", size=(16, 17), value=value + 50)
        write_clip(tmp_path / name / "input2", size=(32, 34))
    data = benchmark(str(tmp_path), hr="*/truth", lr="*/input4", name="spmcs", scale=4)
    items = list(data.val_dataloader())
    assert [item["name"] for item in items] == ["car05_001", "hdclub_003_001"]
    assert [(int(item["hr"][0, 0, 0, 0]), int(item["lr"][0, 0, 0, 0])) for item in items] == [(1, 51), (2, 52)]


def test_a_folder_that_is_missing_is_named_with_what_is_there(vid4, tmp_path):
    with pytest.raises(UserError, match=r"no pictures in BDx2/CLIP/; it holds BDx4/, BIx4/, GT/. Set data.lr"):
        vid4(lr="BDx2")
    with pytest.raises(UserError, match=r"no pictures in HR/CLIP/; it holds BDx4/, BIx4/, GT/. Set data.root"):
        benchmark(str(tmp_path), hr="HR", name="vid4", scale=4)
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to the one that holds GT/CLIP/"):
        benchmark(None, hr="GT", name="vid4", scale=4)
    with pytest.raises(UserError, match=r"nowhere' does not exist. Set data.root=FOLDER"):
        benchmark(str(tmp_path / "nowhere"), hr="GT", name="vid4", scale=4)


def test_nothing_is_left_out_of_a_test_set(vid4, tmp_path):
    (tmp_path / "GT" / "walk" / "00000000.png").write_bytes(b"")
    with pytest.raises(UserError, match="walk"):
        vid4(lr=None)


def test_a_clip_without_its_lr_is_an_error(vid4, tmp_path):
    for file in (tmp_path / "BIx4" / "walk").iterdir():
        file.unlink()
    with pytest.raises(UserError, match=r"Clip 'walk' has no low-resolution partner"):
        vid4(lr="BIx4")


def test_a_test_set_does_not_train(vid4):
    with pytest.raises(UserError, match="data=vid4 is for evaluation only"):
        vid4(train=True)
