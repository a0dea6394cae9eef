"""Files are examined once."""

import json
import logging
import os
import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image

from tests.data.files.odd_and_broken import scene, write_video
from vsr.data import FrameFolder, VideoFolder
from vsr.data.files.index import StoppedError, examine_all, file_stamp
from vsr.errors import UserError


@pytest.fixture
def root(tmp_path):
    for name in "abc":
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.txt").write_text(name)
    return tmp_path / "data"


class Examiner:
    """Finds a file's text; remembers what it was asked to examine."""

    def __init__(self):
        self.asked = []

    def __call__(self, path, stop):
        self.asked.append(path.name)
        return {"text": path.read_text()}


def examine(root, index, examiner, kind="texts"):
    return examine_all(root, sorted(root.glob("*.txt")), file_stamp, examiner, index, kind)


def test_each_file_is_examined_once(root, tmp_path):
    first, second = Examiner(), Examiner()
    found = examine(root, tmp_path / "index", first)
    assert found == [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    assert examine(root, tmp_path / "index", second) == found
    assert (sorted(first.asked), second.asked) == (["a.txt", "b.txt", "c.txt"], [])


def test_what_is_new_or_has_changed_is_examined_anew(root, tmp_path):
    examine(root, tmp_path / "index", Examiner())
    (root / "b.txt").write_text("other")
    (root / "d.txt").write_text("d")
    again = Examiner()
    assert [found["text"] for found in examine(root, tmp_path / "index", again)] == ["a", "other", "c", "d"]
    assert sorted(again.asked) == ["b.txt", "d.txt"]
    os.utime(root / "a.txt", ns=(0, 0))
    once_more = Examiner()
    examine(root, tmp_path / "index", once_more)
    assert once_more.asked == ["a.txt"]


def test_without_an_index_nothing_is_kept(root, tmp_path):
    before = set(tmp_path.rglob("*"))
    for examiner in (Examiner(), Examiner()):
        examine(root, None, examiner)
        assert len(examiner.asked) == 3
    assert set(tmp_path.rglob("*")) == before


def test_the_data_folder_is_not_written_to(root, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in [root, *root.iterdir()]}
    examine(root, tmp_path / "index", Examiner())
    assert {path: path.stat().st_mtime_ns for path in [root, *root.iterdir()]} == before


def test_an_interruption_loses_nothing(root, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)

    def interrupted(path, stop):
        if path.name == "c.txt":
            raise KeyboardInterrupt
        return Examiner()(path, stop)

    with pytest.raises(KeyboardInterrupt):
        examine(root, tmp_path / "index", interrupted)
    again = Examiner()
    assert len(examine(root, tmp_path / "index", again)) == 3
    assert again.asked == ["c.txt"]


def test_what_is_being_examined_is_told_to_stop(root, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    stopped = threading.Event()

    def slow_but_one(path, stop):
        if path.name == "a.txt":
            raise KeyboardInterrupt
        if stop.wait(30):
            stopped.set()
            raise StoppedError
        return {}

    with pytest.raises(KeyboardInterrupt):
        examine(root, tmp_path / "index", slow_but_one)
    assert stopped.wait(30)


def test_a_damaged_index_is_examined_anew_where_it_is_damaged(root, tmp_path):
    examine(root, tmp_path / "index", Examiner())
    (file,) = (tmp_path / "index").glob("*.jsonl")
    lines = {json.loads(line)["path"]: line for line in file.read_text().splitlines()}
    half = lines["c.txt"][: len(lines["c.txt"]) // 2]
    file.write_text("\n".join(["no json", '["a list"]', lines["a.txt"], half]))
    again, once_more = Examiner(), Examiner()
    found = examine(root, tmp_path / "index", again)
    assert (sorted(again.asked), [entry["text"] for entry in found]) == (["b.txt", "c.txt"], ["a", "b", "c"])
    examine(root, tmp_path / "index", once_more)
    assert once_more.asked == []


def test_two_folders_of_one_name_do_not_mix(root, tmp_path):
    other = Path(shutil.copytree(root, tmp_path / "elsewhere" / "data"))
    examine(root, tmp_path / "index", Examiner())
    examiner = Examiner()
    examine(other, tmp_path / "index", examiner)
    assert len(examiner.asked) == 3


def test_an_index_that_cannot_be_written_names_the_key(root, tmp_path):
    (tmp_path / "index").write_text("a file")
    with pytest.raises(UserError, match=r"cannot be written \(.*\)\. Set data.index=DIR"):
        examine(root, tmp_path / "index", Examiner())


def test_a_source_says_when_it_examines(tmp_path, caplog):
    write_video(tmp_path / "videos" / "clip.mp4", scene(3, (48, 64)))
    for expected in (1, 0):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            VideoFolder(tmp_path / "videos", index=tmp_path / "index")
        assert len(caplog.records) == expected
        assert all("examining 1 of 1 videos" in record.getMessage() for record in caplog.records)


def test_a_file_that_was_broken_is_read_once_it_is_mended(tmp_path):
    path = write_video(tmp_path / "clip.mp4", scene(6, (48, 64)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    for _ in range(2):
        with pytest.raises(UserError, match="its beginning or end is missing"):
            VideoFolder(path, index=tmp_path / "index")
    path.write_bytes(content)
    assert VideoFolder(path, index=tmp_path / "index")[0].length == 6


@pytest.mark.parametrize("cuts", [True, False])
def test_clips_from_the_index_are_the_same(tmp_path, cuts):
    write_video(tmp_path / "data" / "clip.mkv", scene(9, (47, 63)), pixels="yuv444p10le")
    (tmp_path / "data" / "clip").mkdir()
    for number, frame in enumerate(scene(3, (48, 64))):
        Image.fromarray(frame).save(tmp_path / "data" / "clip" / f"{number}.png")
    for source in (VideoFolder, FrameFolder):
        clips = [source(tmp_path / "data", index=tmp_path / "index", cuts=cuts)[0] for _ in range(2)]
        assert vars(clips[0]) == vars(clips[1])
        assert (clips[0].read([2, 0]) == clips[1].read([2, 0])).all()


def test_a_picture_more_is_noticed(tmp_path):
    folder = tmp_path / "data" / "clip"
    folder.mkdir(parents=True)
    for number, frame in enumerate(scene(3, (48, 64))):
        Image.fromarray(frame).save(folder / f"{number}.png")
        (clip,) = FrameFolder(tmp_path / "data", index=tmp_path / "index")
        assert clip.length == number + 1
