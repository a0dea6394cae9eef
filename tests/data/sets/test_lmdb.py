import multiprocessing
import pickle

import cv2
import lmdb
import numpy as np
import pytest

from vsr.data import LmdbFolder
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Window
from vsr.errors import UserError


def picture(level, size=(24, 32)):
    return np.random.default_rng(level).integers(0, 256, (*size, 3), np.uint8)


def write(root, pictures, meta=None, size=(24, 32)):
    """An LMDB as BasicSR writes it: ``{key: RGB picture or bytes}``."""
    environment = lmdb.open(str(root), map_size=2**24)
    with environment.begin(write=True) as transaction:
        for key, value in pictures.items():
            if isinstance(value, np.ndarray):
                value = cv2.imencode(".png", value[..., ::-1])[1].tobytes()
            transaction.put(key.encode("ascii"), value)
    environment.close()
    lines = [f"{key}.png ({size[0]},{size[1]},3) 1\n" for key in pictures] if meta is None else meta
    (root / "meta_info.txt").write_text("".join(lines))
    return root


@pytest.fixture
def root(tmp_path):
    keys = ["001/00000010", "001/00000009", "000/00000000", "000/00000001", "000/00000002"]
    return write(tmp_path / "a.lmdb", {key: picture(level) for level, key in enumerate(keys)})


def test_clips_are_what_shares_the_folder_of_its_key(root):
    clips = LmdbFolder(root)
    assert [(clip.name, clip.length, clip.size) for clip in clips] == [("000", 3, (24, 32)), ("001", 2, (24, 32))]
    assert np.array_equal(clips[0].read([2, 0]), np.stack([picture(4), picture(2)]))
    assert np.array_equal(clips[1].read(range(2)), np.stack([picture(1), picture(0)]))


def test_a_window_is_cut_out(root):
    read = LmdbFolder(root)[0].read([1], Window(3, 5, 8, 16))
    assert np.array_equal(read[0], picture(3)[3:11, 5:21])


def test_keys_of_one_part_are_single_pictures(tmp_path):
    clips = LmdbFolder(write(tmp_path / "div2k", {"0002_s001": picture(1), "0001_s001": picture(0)}))
    assert [(clip.name, clip.length) for clip in clips] == [("0001_s001", 1), ("0002_s001", 1)]
    assert np.array_equal(clips[1].read([0])[0], picture(1))


def test_names_deeper_down(tmp_path):
    clips = LmdbFolder(write(tmp_path / "vimeo", {f"00001/0001/im{n}": picture(n) for n in range(1, 8)}))
    assert [(clip.name, clip.length) for clip in clips] == [("00001/0001", 7)]
    assert np.array_equal(clips[0].read([3])[0], picture(4))


def first_level(clip):
    return clip.read([0])


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_another_process_opens_it_for_itself(root, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    clips = LmdbFolder(root)
    here = clips[0].read([0])  # open in this process
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert np.array_equal(pool.apply(first_level, (clips[0],)), here)


def test_it_is_never_written_to(root):
    before = {file.name: file.stat().st_mtime_ns for file in root.iterdir()}
    lock = root / "lock.mdb"
    lock.unlink()
    LmdbFolder(root)[0].read([0])
    del before["lock.mdb"]
    assert {file.name: file.stat().st_mtime_ns for file in root.iterdir()} == before


def test_clips_hold_no_frames_and_share_their_names_when_pickled(tmp_path):
    keys = [f"{clip:05d}/{frame:08d}" for clip in range(50) for frame in range(100)]
    root = write(tmp_path / "many", dict.fromkeys(keys, b"x"))
    assert len(pickle.dumps(list(LmdbFolder(root)))) < 20_000  # the keys alone have 75,000 characters


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "is no picture"),
        (b"not a picture", "is no picture"),
        (picture(0, (24, 30)), "is 30x24, not as meta_info.txt says"),
    ],
)
def test_a_broken_value_names_its_key(tmp_path, value, reason):
    root = write(tmp_path / "b.lmdb", {"000/0": picture(0), "000/1": value})
    clip = LmdbFolder(root)[0]
    clip.read([0])
    with pytest.raises(BrokenFileError, match=f"'000/1' of LMDB '.*b.lmdb' {reason}") as caught:
        clip.read([0, 1])
    assert caught.value.path == str(clip.path) == f"{root}/000"  # what is counted as broken is clips


def test_a_key_that_is_not_there(tmp_path):
    meta = ["000/0.png (24,32,3) 1\n", "000/1.png (24,32,3) 1\n"]
    clip = LmdbFolder(write(tmp_path / "c.lmdb", {"000/0": picture(0)}, meta))[0]
    with pytest.raises(BrokenFileError, match=r"'000/1' .* is not there"):
        clip.read([1])


def test_many_broken_pictures_are_one_broken_clip(tmp_path):
    root = write(tmp_path / "b.lmdb", {f"000/{n}": b"no" for n in range(3)})
    clip = LmdbFolder(root)[0]
    paths = set()
    for index in range(3):
        with pytest.raises(BrokenFileError) as caught:
            clip.read([index])
        paths.add(caught.value.path)
    assert len(paths) == 1


def test_the_list_of_keys_is_read_alike_everywhere(tmp_path, monkeypatch):
    root = write(tmp_path / "f.lmdb", {})
    (root / "meta_info.txt").write_text("caf\u00e9/0.png (24,32,3) 1\n", encoding="utf-8")
    monkeypatch.setattr("io.text_encoding", lambda encoding, level=2: encoding or "ascii")  # the system's own
    assert [clip.name for clip in LmdbFolder(root)] == ["caf\u00e9"]


def test_pictures_of_several_sizes_are_no_clip(tmp_path, caplog):
    meta = ["000/0.png (24,32,3) 1\n", "000/1.png (32,24,3) 1\n", "001/0.png (24,32,3) 1\n"]
    root = write(tmp_path / "d.lmdb", {"000/0": b"", "000/1": b"", "001/0": b""}, meta)
    clips = LmdbFolder(root, max_broken=0.5)
    assert [clip.name for clip in clips] == ["001"]
    assert [file.path for file in clips.broken] == [f"{root}/000"]
    with pytest.raises(UserError, match="1 of 2 files cannot be"):
        LmdbFolder(root)


def test_a_cut_data_file_is_found_before_it_is_read(tmp_path):
    root = write(tmp_path / "e.lmdb", {f"000/{n}": picture(n) for n in range(20)})
    data = root / "data.mdb"
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(BrokenFileError, match=r"data.mdb lacks its end"):
        LmdbFolder(root)


def test_what_is_missing_is_named(tmp_path, root):
    (root / "meta_info.txt").write_text("000/0.png 24x32\n")
    with pytest.raises(UserError, match=r"Line 1 of '.*meta_info.txt' should be like .* and is '000/0.png 24x32'"):
        LmdbFolder(root)
    (root / "meta_info.txt").unlink()
    with pytest.raises(
        UserError, match=r"meta_info.txt; it holds data.mdb, lock.mdb. Set .* with data.mdb and meta_info.txt"
    ):
        LmdbFolder(root)
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to the one that holds data.mdb and meta_info.txt"):
        LmdbFolder(None)
    (tmp_path / "data.mdb").write_bytes(b"nothing of the kind" * 1000)
    (tmp_path / "meta_info.txt").write_text("")
    with pytest.raises(BrokenFileError, match="cannot be opened"):
        LmdbFolder(tmp_path)
