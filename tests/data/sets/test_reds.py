import cv2
import numpy as np
import pytest

from vsr.data import reds_data, reds_split
from vsr.errors import UserError

REDS4 = ["000", "011", "015", "020"]


def write(folder, numbers, size=8, levels=None):
    for number in numbers:
        (folder / f"{number:03d}").mkdir(parents=True)
        level = number % 250 if levels is None else levels
        cv2.imwrite(str(folder / f"{number:03d}" / "00000000.png"), np.full((size, size, 3), level, np.uint8))


def names(clips):
    return [clip.name for clip in clips]


def three_digits(start, stop):
    return [f"{number:03d}" for number in range(start, stop)]


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    root = tmp_path_factory.mktemp("official")
    write(root / "train" / "train_sharp", range(240))
    write(root / "val" / "val_sharp", range(30), levels=255)
    return root


@pytest.fixture(scope="module")
def regrouped(tmp_path_factory):
    root = tmp_path_factory.mktemp("regrouped")
    write(root / "train_sharp", range(270))
    write(root / "val_sharp", range(30), levels=255)  # BasicSR copies and leaves these
    return root


@pytest.fixture
def small(tmp_path):
    write(tmp_path / "train_sharp", range(22))
    return tmp_path


@pytest.mark.parametrize("layout", ["official", "regrouped"])
def test_reds4_leaves_266_clips_to_train_on(layout, request):
    train, val = reds_split(str(request.getfixturevalue(layout)), scale=4)
    assert names(val) == REDS4
    assert names(train) == [name for name in three_digits(0, 270) if name not in REDS4]
    assert len(train) == 266


def test_the_official_split(official, regrouped):
    train, val = reds_split(str(official), "official", scale=4)
    assert (names(train), names(val)) == (three_digits(0, 240), three_digits(240, 270))
    assert {int(clip.read([0])[0, 0, 0, 0]) for clip in val} == {255}
    train, val = reds_split(str(regrouped), "official", scale=4)
    assert (names(train), names(val)) == (three_digits(0, 240), three_digits(240, 270))
    assert int(val[3].read([0])[0, 0, 0, 0]) == 243


def test_without_val_sharp_reds4_leaves_236(tmp_path):
    write(tmp_path / "train_sharp", range(240))
    train, val = reds_split(str(tmp_path), scale=4)
    assert (len(train), names(val)) == (236, REDS4)


def test_given_lr(small):
    write(small / "train_sharp_bicubic" / "X4", range(22), size=2)
    train, val = reds_split(str(small), lr="sharp_bicubic/X4", scale=4)
    assert [int(clip.lr.read([0])[0, 0, 0, 0]) for clip in val] == [0, 11, 15, 20]
    assert all(clip.lr.size == (2, 2) for clip in train)
    with pytest.raises(UserError, match=r"no train_sharp_bicubic/X2/; train_sharp_bicubic/ holds X4/\..*data.lr=null"):
        reds_split(str(small), lr="sharp_bicubic/X2", scale=4)


def test_evaluation_alone_sees_the_validation_clips(small):
    train, val = reds_split(str(small), train=None, scale=4)
    assert (train, names(val)) == (None, REDS4)


def test_reds4_without_one_of_its_clips_is_not_reds4(small):
    (small / "train_sharp" / "015" / "00000000.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"no readable clip train_sharp/015, and data.split=REDS4 validates on it"):
        reds_split(str(small), scale=4)


def test_other_errors_name_the_remedy(small):
    with pytest.raises(UserError, match=r"no readable clip val_sharp/000, .*003 and 26 more, and data.split=official"):
        reds_split(str(small), "official", scale=4)
    with pytest.raises(UserError, match=r"data.split='REDS' is not known. Did you mean 'REDS4'"):
        reds_split(str(small), "REDS", scale=4)
    with pytest.raises(UserError, match=r"has no train_sharp/; it holds 000/, 001/, .* 17 more. Set data.root"):
        reds_split(str(small / "train_sharp"), scale=4)
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to the one that holds train_sharp/"):
        reds_split(None, scale=4)


def test_the_data_module(tmp_path):
    write(tmp_path / "train_sharp", range(22), size=64)
    data = reds_data(str(tmp_path), scale=4, name="reds", frames=1, crop=8)
    assert [clip["name"] for clip in data.val_dataloader()] == REDS4
    assert data.train_clips[0]["name"] not in REDS4


def test_of_a_misspelt_folder_of_lr_its_neighbours_are_named(small):
    (small / "train_sharp_bicubic" / "X4").mkdir(parents=True)
    with pytest.raises(UserError, match=r"no train_sharp_bicubic/x4/; train_sharp_bicubic/ holds X4/\. Mend data\.lr"):
        reds_split(str(small), lr="sharp_bicubic/x4", scale=4)
