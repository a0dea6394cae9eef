"""What a sweep does when it begins, is cut off, is run again, and ends; its jobs are only played."""

import csv
import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from vsr.inference.results import config_hash
from vsr.sweep.command import Ended
from vsr.sweep.folder import resolved
from vsr.sweep.plan import VARIABLE

SWEEP = ("sweep=frontier", "loss.perceptual.weight=0", "loss.adversarial.weight=0,0.01,0.1", "output_dir=sweep")


@pytest.fixture
def sweep(outcome):
    """``sweep(*overrides)``: the one line on standard error that the sweep ends in, None if it ends well."""
    return partial(outcome, "-m", *SWEEP, defaults=())


@pytest.fixture
def jobs(monkeypatch):
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


@pytest.fixture(autouse=True)
def traced(monkeypatch):
    """Folders and axes of each frontier that a sweep traced."""
    found = []

    def trace(folders, axes):
        found.append(([folder.name.rpartition("-")[0] for folder in folders], axes))

    monkeypatch.setattr("vsr.frontier.trace", trace)
    monkeypatch.setattr("vsr.frontier.write", lambda frontier, folder: [folder / "frontier.json"])
    monkeypatch.setattr("vsr.frontier.print_frontier", lambda frontier: None)
    return found


def journal(tmp_path):
    with (tmp_path / "sweep" / "jobs.csv").open(newline="") as file:
        return [(int(row["job"]), row["status"]) for row in csv.DictReader(file)]


def test_each_job_has_a_folder_of_its_own_and_the_sweep_ends_with_its_frontier(sweep, jobs, traced, tmp_path, caplog):
    caplog.set_level("INFO")
    ran = jobs()
    assert sweep() is None
    assert names(ran) == ["adversarial_0", "adversarial_0.01", "adversarial_0.1"]
    assert traced == [(["adversarial_0", "adversarial_0.01", "adversarial_0.1"], ["psnr_y", "lpips"])]
    assert f"sweep of 3 jobs in {tmp_path / 'sweep'}, over loss.adversarial.weight" in caplog.messages
    assert "job 1 of 3 · loss.adversarial.weight=0" in caplog.messages
    assert "job 3 of 3 · loss.adversarial.weight=0.1 · about 0 s left" in caplog.messages
    assert VARIABLE not in os.environ


def test_run_again_it_does_nothing_and_with_another_value_only_that(sweep, jobs, traced, tmp_path, caplog):
    caplog.set_level("INFO")
    jobs()
    sweep()
    ran = jobs()
    assert sweep() is None and not ran
    assert any(line.endswith("=0.01 · finished before (psnr_y 0.5, lpips 0.5)") for line in caplog.messages)
    assert sweep("loss.adversarial.weight=0,0.03") is None
    assert names(ran) == ["adversarial_0.03"]
    assert [folders for folders, _ in traced[1:]] == [traced[0][0], ["adversarial_0", "adversarial_0.03"]]


def test_a_changed_recipe_is_trained_anew_beside_the_old_one_and_changed_metrics_are_only_scored(sweep, jobs):
    jobs()
    sweep()
    ran = jobs()
    sweep("optimizer.generator.lr=1e-5")
    assert len(ran) == 3 and not any(word.startswith("metrics=") for command in ran for word in command)
    ran = jobs()
    sweep("metrics=[psnr_y,lpips,mse]")
    assert len(ran) == 3
    for command in ran:
        assert {"resume=auto", "metrics=[psnr_y,lpips,mse]", "protocol=plain"} <= set(command)
    ran = jobs()
    assert sweep("metrics=[psnr_y,lpips,mse]", "frontier.y=mse") is None and not ran


def test_a_failed_job_is_reported_and_does_not_lose_the_others(sweep, jobs, traced, tmp_path):
    jobs(failing=["loss.adversarial.weight=0.01"])
    line = sweep()
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-") and line.endswith(": it could not")
    assert journal(tmp_path) == [(1, "trained"), (2, "failed"), (3, "trained")]
    assert traced == [(["adversarial_0", "adversarial_0.1"], ["psnr_y", "lpips"])]
    ran = jobs()
    assert sweep() is None and len(ran) == 1


def test_one_reason_is_told_once(sweep, jobs):
    jobs(failing=["sweep=frontier"])
    line = sweep()
    assert line.startswith("error: 3 of 3 jobs failed: ") and line.count("it could not") == 1


def test_cut_off_it_ends_at_once_and_goes_on_where_it_was(sweep, jobs, traced, tmp_path):
    ran = jobs(killed=["loss.adversarial.weight=0.01"])
    with pytest.raises(AssertionError):  # of the exit status, which is 143
        sweep()
    assert len(ran) == 2 and not traced and VARIABLE not in os.environ
    ran = jobs()
    assert sweep() is None
    assert names(ran) == ["adversarial_0.01", "adversarial_0.1"]
    assert len(traced[0][0]) == 3


def test_what_another_process_trains_is_left_to_it(sweep, jobs, traced, monkeypatch, tmp_path, caplog):
    from vsr.sweep.claim import claimed

    caplog.set_level("INFO")
    first = jobs()
    sweep()
    busy = folder_of(first[1])
    (busy / "results.json").unlink()
    ran = jobs()
    with claimed(busy):
        assert sweep() is None
    assert not ran and journal(tmp_path)[-3:] == [
        (1, "finished before"),
        (2, "trained by another process"),
        (3, "finished before"),
    ]
    assert traced[-1][0] == ["adversarial_0", "adversarial_0.1"]
    assert any("another process has still to finish 1 of them" in line for line in caplog.messages)


@pytest.mark.parametrize(("devices", "expected"), [("1", ["2", "2", "2"]), ("2", [None] * 3)])
def test_jobs_that_may_run_at_once_get_a_gpu_each(sweep, monkeypatch, tmp_path, devices, expected):
    """As with joblib's launcher, here in one process: GPU 0 is held by another job throughout."""
    from vsr.sweep import gpu
    from vsr.sweep.plan import Plan

    given = []

    def run(command, environment, keep_open):
        given.append(environment.get("CUDA_VISIBLE_DEVICES"))
        return Ended(0, "")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("vsr.sweep.job.run", run)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Plan, "of", lambda config, of=Plan.of: replace(of(config), one_by_one=False))
    with gpu.one_of(["0"], 0), gpu.one_of(["1"], 0):
        sweep(f"trainer.devices={devices}")
    assert given == expected


def test_without_m_it_is_a_sweep_all_the_same(outcome, jobs):
    ran = jobs()
    assert outcome(*SWEEP, defaults=()) is None and len(ran) == 3


@pytest.mark.parametrize("choice", ["hydra/launcher=joblib3", "hydra/sweeper=ax3"])
def test_a_plugin_that_is_missing_is_named_with_what_brings_it(sweep, choice):
    assert f"{choice} is not installed: pip install 'vsr[sweep]'" in sweep(choice)
