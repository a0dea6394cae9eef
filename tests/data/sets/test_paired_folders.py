"""Broken files of HR or of LR cost their own pair, and make no other."""

import cv2
import numpy as np
import pytest

from vsr.data import paired_data
from vsr.errors import UserError


def write_clip(folder, size=(64, 64), broken=False):
    folder.mkdir(parents=True)
    for number in range(5):
        picture = folder / f"{number}.png"
        cv2.imwrite(str(picture), np.full((*size, 3), 10 * number, np.uint8))
    if broken:
        picture.write_bytes(picture.read_bytes()[:40])


def data(root, **settings):
    return paired_data(str(root / "hr"), str(root / "lr"), name="x", scale=4, frames=2, crop=16, **settings)


def test_the_only_two_that_are_whole_are_no_pair(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / "hr" / name, broken=name == "b")
        write_clip(tmp_path / "lr" / name, size=(16, 16), broken=name == "a")
    with pytest.raises(UserError, match=r"No clip of data\.root is whole and has a whole partner in data\.lr; .*hr/b"):
        data(tmp_path, max_broken=0.5)


def test_a_single_clip_with_something_broken_beside_it_goes_by_its_name(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / "hr" / name, broken=name == "b")
        write_clip(tmp_path / "lr" / name, size=(16, 16), broken=name == "b")
    made = data(tmp_path, max_broken=0.5)
    assert made.train_clips[0]["name"] == "a"
    write_clip(tmp_path / "other" / "z", size=(16, 16))
    with pytest.raises(UserError, match=r"Clip 'a' has no low-resolution partner in data\.lr"):
        paired_data(str(tmp_path / "hr"), str(tmp_path / "other"), name="x", scale=4, max_broken=0.5)


def test_exchanged_folders_are_recognised(tmp_path):
    write_clip(tmp_path / "lr" / "a")
    write_clip(tmp_path / "hr" / "a", size=(16, 16))
    with pytest.raises(UserError, match=r"4 times smaller than its partner of data\.lr: exchange the two") as caught:
        data(tmp_path)
    assert "null" not in str(caught.value)
