"""Sweeps, and one whose jobs are only played."""

import csv
import json
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import TINY_ADVERSARIAL
from vsr.inference.results import config_hash
from vsr.sweep.command import Ended
from vsr.sweep.folder import resolved
from vsr.sweep.plan import VARIABLE

REAL_SWEEP = (  # whose jobs are trained; the last of the three fails
    *TINY_ADVERSARIAL,
    "sweep=frontier",
    "loss.perceptual.weight=0",
    "loss.adversarial.weight=0,0.01,-1",
    "metrics=[psnr_y,ssim_y]",
    "frontier.y=ssim_y",
    "output_dir=sweep",
)
SWEEP = ("sweep=frontier", "loss.perceptual.weight=0", "loss.adversarial.weight=0,0.01,0.1", "output_dir=sweep")


@pytest.fixture
def sweep(outcome):
    """``sweep(*overrides)``: the one line on standard error that the sweep ends in, None if it ends well."""
    return partial(outcome, "-m", *SWEEP, defaults=())


@pytest.fixture
def jobs(monkeypatch, traced):
    """``jobs(failing=(), killed=())``: from now on jobs are only played; gives the command lines of those that ran.

    A job whose command line holds a word of ``failing`` fails; one of ``killed`` leaves a checkpoint and no results.
    """

    def play(failing=(), killed=()):
        ran, configs = [], []

        def remember(cfg):
            configs.append(resolved(cfg))
            return configs[-1]

        def run(command, environment, keep_open):
            assert VARIABLE not in environment  # a job is no sweep
            ran.append(command)
            if any(word in command for word in failing):
                return Ended(1, "it could not")
            folder = folder_of(command)
            (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
            (folder / "checkpoints" / "last.ckpt").touch()
            if any(word in command for word in killed):
                raise SystemExit(143)
            record = {"config_hash": config_hash(configs[-1]), "metrics": dict.fromkeys(configs[-1]["metrics"], 0.5)}
            (folder / "results.json").write_text(json.dumps(record))
            return Ended(0, "")

        monkeypatch.setattr("vsr.sweep.job.resolved", remember)
        monkeypatch.setattr("vsr.sweep.job.run", run)
        return ran

    return play


def folder_of(command):
    """The job's folder, of its command line."""
    return Path(command[-1].removeprefix("output_dir=").strip("'"))


def names(ran):
    """Of the jobs that ran, without their hashes."""
    return [folder_of(command).name.rpartition("-")[0] for command in ran]


@pytest.fixture
def traced(monkeypatch):
    """Folders and axes of each frontier that a sweep traced."""
    found = []

    def trace(folders, axes):
        found.append(([folder.name.rpartition("-")[0] for folder in folders], axes))

    monkeypatch.setattr("vsr.frontier.trace", trace)
    monkeypatch.setattr("vsr.frontier.write", lambda frontier, folder: [folder / "frontier.json"])
    monkeypatch.setattr("vsr.frontier.print_frontier", lambda frontier: None)
    return found


@pytest.fixture
def journal(tmp_path):
    """``journal()``: number and status of each job, by the lines of jobs.csv."""

    def read():
        with (tmp_path / "sweep" / "jobs.csv").open(newline="") as file:
            return [(int(row["job"]), row["status"]) for row in csv.DictReader(file)]

    return read
