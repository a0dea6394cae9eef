"""Files that break while a run reads them."""

import csv
import json
import os

import av
import numpy as np
import pytest
from hydra.errors import InstantiationException

from tests.conftest import TINY
from tests.data.files.odd_and_broken import make_broken, make_folder
from vsr.data import VideoFolder
from vsr.data.files.video_readers import reader_of
from vsr.errors import UserError
from vsr.training.run import train

VIDEOS = [
    "data=video_folder",
    "data.frames=3",
    "data.crop=64",
    "data.batch_size=2",
    "data.workers=0",
    *[override for override in TINY if not override.startswith("data")],
]


def write_videos(folder, count):
    folder.mkdir()
    for number in range(count):
        with av.open(str(folder / f"{number}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "30", "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 80, 72, "yuv420p"
            scene = (
                np.random.default_rng(number).integers(0, 256, (8, 9, 10, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
            )
            for frame in scene:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode(None))


def rot(path):
    """Other content under the same name, size and time: nothing that an index of files would notice."""
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    reader_of.cache_clear()  # as a new process would find it


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_videos(tmp_path / "videos", 8)
    return tmp_path / "videos"


def index_then_rot(compose, folder, *names):
    """Have the folder examined by a run of one step, then let files rot."""
    train(compose(*VIDEOS, f"data.root={folder}", "trainer.max_steps=1", "trainer.val_every=1"))
    for name in names:
        rot(folder / name)


def test_a_training_file_that_rots_is_replaced_said_once_and_listed(compose, folder, tmp_path, caplog):
    index_then_rot(compose, folder, "3.mp4")
    caplog.clear()
    run = tmp_path / "second"
    train(compose(*VIDEOS, f"data.root={folder}", "data.max_broken=0.2", "trainer.max_steps=12", f"output_dir={run}"))
    said = [record.message for record in caplog.records if "3.mp4" in record.message]
    assert len([line for line in said if "Another clip is trained on in its place." in line]) == 1
    assert json.loads((run / "results.json").read_text())["broken_files"] == [str(folder / "3.mp4")]
    assert said[-1] == f"1 files were left out: {folder / '3.mp4'}"
    with (run / "metrics.csv").open(newline="") as file:
        counts = [row["train/broken_files"] for row in csv.DictReader(file)]
    assert float([count for count in counts if count][-1]) == 1


def test_too_many_of_them_end_the_run(compose, folder, tmp_path):
    index_then_rot(compose, folder, "1.mp4", "3.mp4")
    with pytest.raises(UserError, match=r"2 of 8 files cannot be used, more than data.max_broken=0.2 of them"):
        train(
            compose(
                *VIDEOS,
                f"data.root={folder}",
                "data.max_broken=0.2",
                "trainer.max_steps=20",
                f"output_dir={tmp_path / 'b'}",
            )
        )


def test_a_validation_goes_on_without_a_clip_that_rots(compose, folder, tmp_path, caplog):
    val = tmp_path / "val"
    val.mkdir()
    for name in ("6.mp4", "7.mp4"):
        (folder / name).rename(val / name)
    keys = [f"data.root={folder}", f"data.val_root={val}", "data.max_broken=0.4"]
    train(compose(*VIDEOS, *keys, "trainer.max_steps=1", "trainer.val_every=1"))
    rot(val / "6.mp4")
    caplog.clear()
    run = tmp_path / "second"
    train(compose(*VIDEOS, *keys, "trainer.max_steps=2", "trainer.val_every=1", f"output_dir={run}"))
    results = json.loads((run / "results.json").read_text())
    assert list(results["clips"]) == ["7"]
    assert results["broken_files"] == [str(val / "6.mp4")]
    assert caplog.text.count("The validation goes without it.") == 1


def test_a_folder_of_odd_and_broken_files_trains_and_lists_exactly_the_broken_ones(compose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good, broken, small = make_folder(tmp_path / "mine", files=40)
    clips = VideoFolder(tmp_path / "mine", index="index", max_broken=0.5)
    assert {clip.path for clip in clips} == set(good) | set(small)
    for clip in clips:
        if clip.path in good:
            assert np.abs(clip.read(range(clip.length)).astype(int) - good[clip.path]).max() <= 2, clip.name
    keys = [f"data.root={tmp_path / 'mine'}", "data.index=index", "data.max_broken=0.5", "trainer.max_steps=12"]
    train(compose(*VIDEOS, *keys))
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["generator_steps"] == 12
    assert results["broken_files"] == sorted(map(str, broken | set(small)))


def test_a_folder_of_broken_files_alone_is_one_error(compose, tmp_path):
    (tmp_path / "mine").mkdir()
    broken = make_broken(tmp_path / "mine")
    with pytest.raises(InstantiationException) as refused:
        train(compose(*VIDEOS, f"data.root={tmp_path / 'mine'}", f"data.index={tmp_path / 'index'}"))
    message = str(refused.value.__cause__)
    assert isinstance(refused.value.__cause__, UserError)
    assert f"None of the {len(broken)} files can be used; the first: " in message
