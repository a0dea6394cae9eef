"""Runs as a user starts them, in processes of their own."""

import csv
import json
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY, TINY, TINY_ADVERSARIAL


def command(script, *arguments, cwd, **environment):
    import os

    return subprocess.run(
        [sys.executable, str(REPOSITORY / script), *arguments],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_two_ddp_processes_train_together(tmp_path):
    done = command("train.py", *TINY_ADVERSARIAL, "trainer=ddp_cpu", f"output_dir={tmp_path / 'run'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["generator_steps"] == 4 and len(results["clips"]) == 2
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        assert int(list(csv.DictReader(file))[-1]["step"]) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["run"]  # the second process made no folder of its own


@pytest.mark.parametrize("clips", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_two_ddp_processes_with_clips_that_do_not_divide(tmp_path, clips):
    arguments = [*TINY, "trainer=ddp_cpu", f"data.val.clips={clips}", f"output_dir={tmp_path / 'run'}"]
    done = command("train.py", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert len(results["clips"]) == clips
    of_bicubic = results["baseline"]["bicubic"], results["baseline_clips"]["bicubic"]
    for means, of_clips in ((results["metrics"], results["clips"]), of_bicubic):
        # A clip that both are given counts once.
        assert means["psnr"] == pytest.approx(sum(clip["psnr"] for clip in of_clips.values()) / clips)


def test_wandb_works_offline(tmp_path):
    done = command("train.py", *TINY, "logger=wandb", f"output_dir={tmp_path / 'run'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list((tmp_path / "run").rglob("offline-run-*")) and (tmp_path / "run" / "metrics.csv").is_file()


def test_tensorboard_gets_the_same_numbers(tmp_path):
    done = command("train.py", *TINY, "logger=tensorboard", f"output_dir={tmp_path / 'run'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list((tmp_path / "run").rglob("events.out.tfevents*"))


def test_a_trained_run_can_be_evaluated(tmp_path):
    done = command("train.py", *TINY, f"output_dir={tmp_path / 'run'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    data = [argument for argument in TINY if argument.startswith(("data=synthetic", "data.val", "metrics"))]
    done = command("evaluate.py", "ckpt=run", *data, f"output_dir={tmp_path / 'scores'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    trained = json.loads((tmp_path / "run" / "results.json").read_text())
    scored = json.loads((tmp_path / "scores" / "results.json").read_text())
    assert scored["metrics"] == pytest.approx(trained["metrics"], abs=1e-5)
    assert scored["generator_steps"] == 4 and scored["loss_weights"] == trained["loss_weights"] == {"pixel": 1.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trainer.max_stps=5"], "is not a key of the configuration. Did you mean 'trainer.max_steps'?"),
        (["init_from=nowhere.ckpt"], "nowhere.ckpt: no such file, run or asset"),
    ],
)
def test_what_a_user_can_mend_is_one_line_on_standard_error(tmp_path, arguments, message):
    done = command("train.py", *TINY, *arguments, cwd=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1
    assert len(lines) == 1 and lines[0].startswith("error: ") and message in lines[0], done.stderr
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_traceback_is_to_be_had(tmp_path):
    done = command("train.py", "data=video_folder", cwd=tmp_path, VSR_TRACEBACK="1")
    assert done.returncode == 1 and "Traceback" in done.stderr
