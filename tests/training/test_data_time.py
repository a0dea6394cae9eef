"""Data are never what a step waits for, with a generator of the paper's size."""

import csv
import shutil

import pytest

from vsr import assets
from vsr.training.run import train

PAPER = [
    "generator=basicvsr",
    "generator.flow.weights=random",
    "data.crop=64",
    "data.frames=5",
    "data.batch_size=1",
    "data.workers=1",
    "data.max_val_clips=1",
    "data.max_val_frames=1",
    "metrics=[psnr_y]",
    "trainer=cpu",
    "trainer.max_steps=5",
    "trainer.val_every=5",
    "trainer.log_every=1",
]


def shares_of_time_waited(compose, tmp_path, *keys):
    train(compose(*PAPER, f"data.index={tmp_path / 'index'}", *keys))
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["train/step_seconds"]]
    return [float(row["train/data_seconds"]) / float(row["train/step_seconds"]) for row in rows]


@pytest.mark.slow  # half a minute each
@pytest.mark.pretrained
def test_sample_videos_as_files(compose, tmp_path):
    (tmp_path / "videos").mkdir()
    for name in ("bikes", "bigbuckbunny", "carphone"):
        shutil.copy(assets.fetch(f"sample_{name}"), tmp_path / "videos")
    shares = shares_of_time_waited(compose, tmp_path, "data=video_folder", f"data.root={tmp_path / 'videos'}")
    assert len(shares) == 5 and max(shares[1:]) < 0.1  # the first step waits for the worker to start


@pytest.mark.slow
def test_real_frames(compose, tmp_path, test_data):
    shares = shares_of_time_waited(compose, tmp_path, "data=frame_folder", f"data.root={test_data / 'clips'}")
    assert len(shares) == 5 and max(shares[1:]) < 0.1
