import pickle

import cv2
import numpy as np
import pytest

from vsr.data import vimeo90k_data
from vsr.data.batch import hr_and_lr
from vsr.data.broken import BrokenFileError
from vsr.errors import UserError

TRAIN = ["00001/0001", "00001/0002", "00002/0001"]
TEST = ["00001/0003", "00003/0001"]


def write_septuplet(folder, first, size=(64, 80)):
    folder.mkdir(parents=True)
    for number in range(1, 8):
        cv2.imwrite(str(folder / f"im{number}.png"), np.full((*size, 3), first + number, np.uint8))


@pytest.fixture
def root(tmp_path):
    for position, name in enumerate(sorted(TRAIN + TEST)):
        write_septuplet(tmp_path / "sequences" / name, 10 * position)
        write_septuplet(tmp_path / "LRx4" / "sequences" / name, 100 + 10 * position, size=(16, 20))
    (tmp_path / "sep_trainlist.txt").write_text("\n".join(TRAIN) + "\n\n")
    (tmp_path / "sep_testlist.txt").write_text("\n".join(TEST))
    (tmp_path / "fast_testset.txt").write_text("00003/0001 \n")
    return tmp_path


def data(root, **settings):
    return vimeo90k_data(str(root), scale=4, name="vimeo90k", frames=7, crop=16, **settings)


def test_lists_say_what_trains_and_what_is_tested(root):
    made = data(root)
    assert {made.train_clips[index]["name"] for index in range(40)} == set(TRAIN)
    items = list(made.val_dataloader())
    assert [item["name"] for item in items] == TEST
    assert items[0]["hr"][:, 0, 0, 0].tolist() == [21, 22, 23, 24, 25, 26, 27]


def test_lists_by_speed_of_motion(root, tmp_path_factory):
    assert [item["name"] for item in data(root, val_list="fast_testset.txt").val_dataloader()] == ["00003/0001"]
    elsewhere = tmp_path_factory.mktemp("lists") / "meta_info.txt"
    elsewhere.write_text("00001/0003 7 (256,448,3)\n")  # as BasicSR's lists have it
    assert [item["name"] for item in data(root, val_list=str(elsewhere)).val_dataloader()] == ["00001/0003"]


def test_the_centre_frame_protocol_is_told_to_the_evaluator(root):
    (item, *_) = data(root, train=None, scored=[3], mirror_val=True).val_dataloader()
    assert (item["scored"], item["mirrored"]) == ([3], True)


def test_training_items_are_mirrored_to_fourteen_frames(root):
    item = data(root, lr="LRx4", mirror=True, reverse=False).train_clips[0]
    hr, lr = hr_and_lr({name: item[name][None] for name in ("hr", "lr")} | {"mirrored": item["mirrored"]}, None)
    assert lr.shape[1] == 14
    levels = (hr[0, :, 0, 0, 0] * 255).round().tolist()
    assert len(levels) == 14
    assert levels == levels[::-1]
    assert np.diff(levels[:7]).tolist() == [1] * 6


@pytest.mark.parametrize("lr", ["LRx4", "LRx4/sequences", "absolute"])
def test_given_lr(root, lr):
    lr = str(root / "LRx4") if lr == "absolute" else lr
    made = data(root, lr=lr)
    assert [int(item["lr"][0, 0, 0, 0]) for item in made.val_dataloader()] == [121, 141]
    assert made.train_clips[0]["lr"].shape == (7, 3, 4, 4)


def test_the_training_list_is_not_needed_to_test(root):
    (root / "sep_trainlist.txt").unlink()
    assert data(root, train=None).train_clips is None


def test_septuplets_that_are_not_there(root, caplog):
    (root / "sep_trainlist.txt").write_text("\n".join([*TRAIN, "00009/0001"]))
    made = data(root, max_broken=0.5)
    assert {made.train_clips[index]["name"] for index in range(40)} == set(TRAIN)
    assert [file.path for file in made.broken] == [str(root / "sequences" / "00009" / "0001")]
    assert "00009/0001' is not there" in caplog.text
    with pytest.raises(UserError, match=r"1 of 4 files cannot be .*more than data.max_broken=0.1"):
        data(root)


def test_a_septuplet_of_another_size_is_broken(root):
    for file in (root / "sequences" / TEST[1]).iterdir():
        cv2.imwrite(str(file), np.zeros((32, 32, 3), np.uint8))
    clip = data(root).val_clips.clips[1]
    with pytest.raises(BrokenFileError, match=r"00003/0001/im1.png' is 32x32, .* 80x64"):
        clip.read([0])


def test_a_list_is_read_alike_everywhere(root, monkeypatch):
    (root / "sequences" / TEST[0]).rename(root / "sequences" / "00001" / "caf\u00e9")
    (root / "sep_testlist.txt").write_text("00001/caf\u00e9\n", encoding="utf-8")
    monkeypatch.setattr("io.text_encoding", lambda encoding, level=2: encoding or "ascii")  # the system's own
    assert [item["name"] for item in data(root).val_dataloader()] == ["00001/caf\u00e9"]


def test_all_septuplets_are_small_in_memory(root):
    clips = data(root).train_clips.clips
    assert len(pickle.dumps(list(clips) * 1)) / len(clips) < 200  # 64,612 of them travel to every worker


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda root: (root / "sep_testlist.txt").unlink(), r"no list sep_testlist.txt; it holds .*set data.val_list"),
        (lambda root: (root / "sep_testlist.txt").write_text("\n"), r"should name septuplets, one a line, as 00001/"),
        (lambda root: (root / "sep_testlist.txt").write_text("im1.png"), r"should name septuplets, one a line"),
        (lambda root: (root / "sequences").rename(root / "seq"), r"no sequences/; it holds LRx4/, fast_testset.txt, "),
    ],
)
def test_what_is_missing_is_named(root, change, line):
    change(root)
    with pytest.raises(UserError, match=line):
        data(root)


def test_a_missing_folder_is_named(root):
    with pytest.raises(UserError, match=r"no folder '.*/BIx4'. Set data.lr"):
        data(root, lr="BIx4")
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to the one that holds sequences/ and"):
        vimeo90k_data(None, scale=4, name="vimeo90k")
