"""A real sweep, killed half-way and run again."""

import csv
import json
import os
import subprocess
import sys
import time

import psutil
import pytest
import torch

from tests.conftest import REPOSITORY
from tests.sweep.conftest import REAL_SWEEP

SWEEP = [*REAL_SWEEP, "callbacks.checkpoints.every=1"]


def start(folder):
    command = [sys.executable, str(REPOSITORY / "train.py"), "-m", *SWEEP, "trainer.max_steps=40"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def wait_for(condition, sweep):
    deadline = time.monotonic() + 300
    while not condition():
        assert sweep.poll() is None and time.monotonic() < deadline, sweep.communicate()
        time.sleep(0.01)


def kill(sweep):
    """The sweep and, as where a machine goes down, the job that it runs."""
    processes = [psutil.Process(sweep.pid), *psutil.Process(sweep.pid).children(recursive=True)]
    assert len(processes) > 1
    for process in processes:
        process.kill()
    sweep.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a job goes on to its end")
def test_the_job_of_a_sweep_that_is_killed_saves_and_ends(tmp_path):
    sweep = start(tmp_path)
    wait_for(lambda: list(tmp_path.glob("sweep/adversarial_0-*/checkpoints/last.ckpt")), sweep)
    jobs = [process for process in psutil.Process(sweep.pid).children() if "train.py" in " ".join(process.cmdline())]
    sweep.kill()
    sweep.communicate()
    gone, alive = psutil.wait_procs(jobs, timeout=60)
    assert len(gone) == 1 and not alive
    assert not list(tmp_path.glob("sweep/*/results.json"))


@pytest.mark.slow
def test_killed_half_way_and_run_again_it_does_only_the_rest_and_reports_the_job_that_fails(tmp_path):
    folder = tmp_path / "sweep"
    sweep = start(tmp_path)
    wait_for(lambda: list(folder.glob("adversarial_0-*/results.json")), sweep)
    wait_for(lambda: list(folder.glob("adversarial_0.01-*/checkpoints/last.ckpt")), sweep)
    kill(sweep)
    assert not list(folder.glob("adversarial_0.01-*/results.json"))
    done = {path: path.stat().st_mtime_ns for path in folder.glob("adversarial_0-*/**/*")}

    out, error = start(tmp_path).communicate(timeout=500)
    assert error.splitlines()[-1].startswith("error: 1 of 3 jobs failed: adversarial_-1-")
    assert "loss.adversarial.weight: value must be a number of at least 0, not -1" in error.splitlines()[-1]
    assert "job 1 of 3 · loss.adversarial.weight=0 · finished before (psnr_y " in out
    assert "goes on from" in out
    assert {path: path.stat().st_mtime_ns for path in folder.glob("adversarial_0-*/**/*")} == done

    (cut_off,) = folder.glob("adversarial_0.01-*")
    results = json.loads((cut_off / "results.json").read_text())
    checkpoint = torch.load(cut_off / "checkpoints" / "last.ckpt", weights_only=True)
    with (cut_off / "metrics.csv").open(newline="") as file:
        steps = sum(float(row["train/step_seconds"]) for row in csv.DictReader(file) if row["train/step_seconds"])
    assert results["generator_steps"] == 40
    assert results["training_seconds"] == pytest.approx(checkpoint["training_seconds"], abs=0.051)
    # Of both processes, and with what lies between two steps, so more than the steps' own time.
    assert results["training_seconds"] > steps

    before = {path: path.stat().st_mtime_ns for path in cut_off.rglob("*")}
    out, error = start(tmp_path).communicate(timeout=500)
    assert "job 2 of 3 · loss.adversarial.weight=0.01 · finished before (psnr_y " in out
    assert error.splitlines()[-1].startswith("error: 1 of 3 jobs failed: adversarial_-1-")
    assert {path: path.stat().st_mtime_ns for path in cut_off.rglob("*")} == before

    frontier = json.loads((folder / "frontier.json").read_text())
    assert [axis["metric"] for axis in frontier["axes"]] == ["psnr_y", "ssim_y"]
    assert {point["results"].rpartition("-")[0] for point in frontier["points"]} == {
        "adversarial_0",
        "adversarial_0.01",
    }
    assert {"frontier.csv", "frontier.png", "frontier.html"} <= {path.name for path in folder.iterdir()}
