"""A validation that may only last so long."""

import json
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY, TINY
from vsr.errors import UserError
from vsr.training import ValidationTime
from vsr.training.run import train

CLIPS = ["data.val.clips=5", "data.val.frames=1", "trainer.val_every=2"]


def clips(folder):
    return list(json.loads((folder / "results.json").read_text())["clips"])


def test_at_least_one_clip_is_scored_and_the_same_ones_after_a_resume(compose, tmp_path, caplog):
    train(compose(*TINY, *CLIPS, "callbacks.validation_time.seconds=1e-6"))
    assert clips(tmp_path / "run") == ["scene_0000"]
    assert caplog.text.count("from now on 1 of 5 clips are scored") == 1  # two validations, said once
    overrides = ["resume=auto", "trainer.max_steps=6", "callbacks.validation_time.seconds=1e-6"]
    train(compose(*TINY, *CLIPS, *overrides))
    assert clips(tmp_path / "run") == ["scene_0000"] and caplog.text.count("from now on") == 1
    train(compose(*TINY, *CLIPS, "resume=auto", "trainer.max_steps=8"))  # no limit any more
    assert len(clips(tmp_path / "run")) == 5


def test_where_time_suffices_every_clip_is_scored(compose, tmp_path, caplog):
    train(compose(*TINY, *CLIPS, "callbacks.validation_time.seconds=1000"))
    assert len(clips(tmp_path / "run")) == 5 and "from now on" not in caplog.text


def test_no_time_at_all_is_refused():
    with pytest.raises(UserError, match="seconds=0 must be above 0"):
        ValidationTime(0)


@pytest.mark.slow
def test_two_processes_stop_at_the_same_clip(tmp_path):
    run = tmp_path / "run"
    overrides = ["trainer=ddp_cpu", "callbacks.validation_time.seconds=1e-6", f"output_dir={run}"]
    command = [sys.executable, str(REPOSITORY / "train.py"), *TINY, *CLIPS, *overrides]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert clips(run) == ["scene_0000", "scene_0001"]  # the first of each
