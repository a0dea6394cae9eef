"""``kill -9`` at random moments, and ``kill``."""

import csv
import multiprocessing
import signal
import time

import numpy as np
import pytest
import torch

from tests.conftest import TINY_ADVERSARIAL
from tests.training.killed_run import run
from tests.training.random_degradation import RANDOM_DEGRADATION

KILLS = 20
LONG = [
    *TINY_ADVERSARIAL,
    RANDOM_DEGRADATION,
    "loss.adversarial.weight.start=0",
    "trainer.max_steps=300",
    "trainer.val_every=3",
    "trainer.log_every=2",
    "callbacks.checkpoints.every=1",
    "callbacks.checkpoints.keep_every=2",
]


@pytest.fixture(scope="module")
def start():
    """``start(folder)``: the run, gone on with, in a process of its own that has nothing to import any more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__])

    begun = []

    def begin(folder):
        process = context.Process(target=run, args=([*LONG, "resume=auto", f"output_dir={folder}"],))
        process.start()
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()


def checkpoints(folder):
    """Every checkpoint there is, read; of a run that stands still."""
    return {path.name: torch.load(path, weights_only=True) for path in (folder / "checkpoints").glob("*.ckpt")}


def steps(folder):
    last = folder / "checkpoints" / "last.ckpt"
    return torch.load(last, weights_only=True)["generator_steps"] if last.is_file() else 0


def wait_until_saved(folder, process, since):
    last = folder / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 120
    while process.is_alive() and time.monotonic() < deadline and not (last.is_file() and last.stat().st_mtime > since):
        time.sleep(0.005)
    assert process.is_alive() and last.is_file(), f"exit code {process.exitcode}"


def rows(folder):
    """Of ``metrics.csv``, without what measures the machine."""
    of_the_machine = ("_seconds", "clips_per_second", "memory_gib")
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: row[name] for name in row if not name.endswith(of_the_machine)} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_a_run_killed_twenty_times_is_the_run_that_never_was(start, tmp_path):
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    rng = np.random.default_rng(0)
    done = 0
    for kill in range(KILLS):
        begun = time.time()
        process = start(killed)
        if kill % 5:  # every fifth is killed anywhere, its start included
            wait_until_saved(killed, process, begun)
        time.sleep(rng.uniform(0, 1))
        assert process.is_alive(), f"kill {kill}: ended by itself with exit code {process.exitcode}"
        process.kill()
        process.join()
        checkpoints(killed)
        reached = steps(killed)
        assert reached >= done, f"kill {kill}: from step {done} back to {reached}"
        assert kill % 5 == 0 or reached > 0
        done = reached
    assert done > KILLS // 2

    for folder in (killed, straight):
        process = start(folder)
        deadline = time.monotonic() + 200
        while steps(folder) <= done:
            assert process.is_alive() and time.monotonic() < deadline
            time.sleep(0.2)
        process.terminate()
        process.join()
        assert process.exitcode == 128 + signal.SIGTERM

    assert not list(killed.rglob("*.part"))
    common = min(steps(killed), steps(straight))
    until = [[row for row in rows(folder) if int(row["step"]) <= common] for folder in (killed, straight)]
    assert until[0] == until[1] and len(until[0]) >= common // 2
    one, other = checkpoints(killed), checkpoints(straight)
    shared = [name for name in one.keys() & other.keys() if name.startswith("step_")]
    for name in shared:
        for key, weights in one[name]["state_dict"].items():
            assert torch.equal(weights, other[name]["state_dict"][key]), (name, key)
    assert len(list((killed / "checkpoints").iterdir())) <= 5
