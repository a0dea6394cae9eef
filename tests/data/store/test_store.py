import json
import pickle
import tracemalloc

import numpy as np
import psutil
import pytest

from vsr.data import StoreFolder
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Window
from vsr.errors import UserError


def write_store(folder, shots):
    """A store by hand, of ``shots``: arrays (T, H, W, 3), or shapes of files that are all holes."""
    folder.mkdir()
    lines = [{"schema": 1, "settings": {}}]
    for name, frames in shots.items():
        shape = frames if isinstance(frames, tuple) else frames.shape
        path = folder / f"{name}.npy"
        if isinstance(frames, tuple):
            with path.open("wb") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                file.truncate(file.tell() + int(np.prod(shape)))
        else:
            np.save(path, frames)
        described = dict(zip(("frames", "height", "width"), shape[:3], strict=True))
        origin = {"clip": name, "source": "film.mp4", "state": "0", "first": 0}
        lines.append({"name": name, "file": path.name, **origin, **described})
    (folder / "index.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def noise(seed=0, shape=(6, 20, 30, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_frames_and_windows_in_any_order(tmp_path):
    frames = noise()
    (clip,) = StoreFolder(write_store(tmp_path / "store", {"a": frames}))
    assert (clip.name, clip.length, clip.size, list(clip.cuts)) == ("a", 6, (20, 30), [])
    assert np.array_equal(clip.read(range(6)), frames)
    assert np.array_equal(clip.read([5, 0, 0]), frames[[5, 0, 0]])
    assert np.array_equal(clip.read((4, 1), Window(3, 7, 10, 8)), frames[[4, 1], 3:13, 7:15])
    read = clip.read([1], Window(0, 0, 20, 30))
    read[:] = 0  # whatever a careless caller does, the store stays as it is
    assert np.array_equal(clip.read([1]), frames[[1]])


def test_a_crop_out_of_more_than_the_memory_holds_costs_the_crop(tmp_path):
    shape = (200_000, 2160, 3840, 3)  # 5 TB, all holes
    assert np.prod(shape) > 10 * psutil.virtual_memory().total
    try:
        store = write_store(tmp_path / "store", {"film": shape})
    except OSError:
        pytest.skip("this file system has no files so large")
    (clip,) = StoreFolder(store)
    process = psutil.Process()
    before = process.io_counters().read_chars
    tracemalloc.start()
    try:
        frames = clip.read(range(150_000, 150_015), Window(1000, 2000, 256, 256))
        assert tracemalloc.get_traced_memory()[1] < frames.nbytes + 2 * 256 * 3840 * 3  # of a whole frame, an eighth
    finally:
        tracemalloc.stop()
    assert process.io_counters().read_chars - before <= 15 * 256 * 3840 * 3 + 4096  # 256 rows of each
    assert frames.shape == (15, 256, 256, 3)


def test_what_was_read_does_not_stay_in_memory(tmp_path):
    store = StoreFolder(write_store(tmp_path / "store", {f"{number}": (20, 720, 1280, 3) for number in range(3)}))
    process = psutil.Process()
    before = process.memory_info().rss
    for clip in store:
        for frame in range(20):
            clip.read([frame])
    total = sum(clip.length * 720 * 1280 * 3 for clip in store)
    assert process.memory_info().rss - before < total / 4
    assert not [path for path in process.memory_maps() if str(tmp_path) in path.path]


def test_a_clip_travels_light_and_reads_where_it_arrives(tmp_path):
    (clip,) = StoreFolder(write_store(tmp_path / "store", {"a": noise()}))
    clip.read([0])
    sent = pickle.dumps(clip)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).read([3]), noise()[[3]])


def spoil_missing(path):
    path.unlink()


def spoil_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def spoil_long(path):
    path.write_bytes(path.read_bytes() + b"\0")


@pytest.mark.parametrize("spoil", [spoil_missing, spoil_short, spoil_long])
def test_a_spoilt_file_is_left_out_and_named(tmp_path, caplog, spoil):
    folder = write_store(tmp_path / "store", {"a": noise(0), "b": noise(1), "c": noise(2)})
    spoil(folder / "b.npy")
    store = StoreFolder(folder, max_broken=0.4)
    assert [clip.name for clip in store] == ["a", "c"]
    assert [error.path for error in store.broken] == [str(folder / "b.npy")]
    assert sum("b.npy" in record.message for record in caplog.records) == 1
    with pytest.raises(UserError, match=r"1 of 3 files.*max_broken.*b\.npy"):
        StoreFolder(folder, max_broken=0.1)


@pytest.mark.parametrize("spoil", [spoil_missing, spoil_short])
def test_a_file_that_is_spoilt_during_training_is_named(tmp_path, spoil):
    (clip,) = StoreFolder(write_store(tmp_path / "store", {"a": noise()}))
    spoil(clip.path)
    with pytest.raises(BrokenFileError, match=r"a\.npy' .*Give the command") as caught:
        clip.read([0])
    assert caught.value.path == str(clip.path)


def test_an_index_that_was_cut_off_loses_its_last_line_only(tmp_path):
    folder = write_store(tmp_path / "store", {"a": noise(0), "b": noise(1)})
    index = folder / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    assert [clip.name for clip in StoreFolder(folder)] == ["a"]


def test_what_is_no_store_is_said_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"Set data\.root=FOLDER"):
        StoreFolder(None)
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UserError, match=r"is no prepared store .* python -m vsr\.data\.prepare"):
            StoreFolder(folder)
    with pytest.raises(UserError, match="is empty"):
        StoreFolder(write_store(tmp_path / "empty", {}))
    future = write_store(tmp_path / "future", {"a": noise()})
    (future / "index.jsonl").write_text('{"schema": 99, "settings": {}}\n{"what": "ever"}\n')
    with pytest.raises(UserError, match="version 99"):
        StoreFolder(future)
    (future / "index.jsonl").write_text('{"schema": 1, "settings": {}}\n{"name": 3\n{}\n')
    with pytest.raises(UserError, match=r"index\.jsonl' is damaged"):
        StoreFolder(future)


def test_clips_are_in_natural_order_whenever_they_were_stored(tmp_path):
    shots = {name: noise() for name in ("b_000010", "a10_000000", "a9_000000", "b_000002")}
    names = [clip.name for clip in StoreFolder(write_store(tmp_path / "store", shots))]
    assert names == ["a9_000000", "a10_000000", "b_000002", "b_000010"]
