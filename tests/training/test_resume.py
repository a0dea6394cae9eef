"""A run that was cut off goes on as if it never had been."""

import csv
import json
import random
import signal

import pytest
import torch
import yaml

from tests.conftest import TINY, TINY_ADVERSARIAL
from tests.training.random_degradation import RANDOM_DEGRADATION
from vsr.errors import UserError
from vsr.training import VideoSuperResolution
from vsr.training.draws import Draws
from vsr.training.metrics_csv import MetricsCSV
from vsr.training.run import train

ALL_AT_ONCE = [
    *TINY_ADVERSARIAL,
    RANDOM_DEGRADATION,
    "loss.adversarial.weight.start=0",
    "loss.adversarial.weight.ramp=15",
]


OF_THE_MACHINE = ("_seconds", "clips_per_second", "memory_gib")


class CutError(BaseException):
    """Stands for what ends a process."""


def checkpoint(run, name="last.ckpt"):
    return torch.load(run / "checkpoints" / name, weights_only=True)


def rows(run):
    """Of ``metrics.csv``, without what measures the machine."""
    with (run / "metrics.csv").open(newline="") as file:
        return [{name: row[name] for name in row if not name.endswith(OF_THE_MACHINE)} for row in csv.DictReader(file)]


def state(checkpoint):
    """Flattened, without what names the run's folder or measures the machine, and without Lightning's count of the
    clips scored outside training."""
    left_out = ("/config/", "/recipe/", "/loops/validate_loop/")
    return {
        path: value
        for path, value in leaves(checkpoint)
        if not path.startswith(left_out) and not path.endswith(OF_THE_MACHINE)
    }


def leaves(node, path=""):
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    if not isinstance(node, dict | list | tuple):
        yield path, node
    for key, child in children:
        yield from leaves(child, f"{path}/{key}")


def assert_same_state(one, other):
    one, other = state(one), state(other)
    assert one.keys() == other.keys() and len(one) > 100
    for path, value in one.items():
        same = torch.equal(value, other[path]) if isinstance(value, torch.Tensor) else value == other[path]
        assert same, f"{path}: {value} != {other[path]}"


def do_at(monkeypatch, step, act, method="training_step"):
    """Call ``act`` in the module's ``method`` when ``step`` generator steps are done."""
    original = getattr(VideoSuperResolution, method)

    def patched(self, *arguments):
        if self.generator_steps == step:
            act()
        return original(self, *arguments)

    monkeypatch.setattr(VideoSuperResolution, method, patched)


def cut():
    raise CutError


def cut_off_and_resumed(cfg, step, method="training_step", act=cut, stops_with=CutError):
    with pytest.MonkeyPatch.context() as patch:
        do_at(patch, step, act, method)
        with pytest.raises(stops_with):
            train(cfg)
    cfg.resume = "auto"
    train(cfg)


def test_twenty_steps_are_ten_steps_a_cut_and_ten_steps(compose, tmp_path):
    length = ["trainer.max_steps=20", "trainer.val_every=8", "callbacks.checkpoints.every=10", "trainer.log_every=2"]
    train(compose(*ALL_AT_ONCE, *length, f"output_dir={tmp_path / 'straight'}"))
    cut_off_and_resumed(compose(*ALL_AT_ONCE, *length, f"output_dir={tmp_path / 'cut'}"), 13)
    straight, resumed = checkpoint(tmp_path / "straight"), checkpoint(tmp_path / "cut")
    assert straight["generator_steps"] == 20 and len(straight["optimizer_states"]) == 2
    assert_same_state(straight, resumed)
    assert rows(tmp_path / "straight") == rows(tmp_path / "cut") and len(rows(tmp_path / "cut")) == 10
    scores = [json.loads((tmp_path / name / "results.json").read_text())["clips"] for name in ("straight", "cut")]
    assert scores[0] == scores[1]


def test_the_degradation_of_this_test_is_random(compose, tmp_path):
    losses = []
    for name, extra in (("fixed", ()), ("random", (RANDOM_DEGRADATION,))):
        train(compose(*TINY, *extra, f"output_dir={tmp_path / name}"))
        losses.append(rows(tmp_path / name)[-1]["train/loss"])
    assert losses[0] != losses[1]


def test_the_step_saved_last_keeps_its_row_though_it_was_cut_off_before_it_was_written(compose, tmp_path, monkeypatch):
    every = ["callbacks.checkpoints.every=1"]
    train(compose(*TINY, *every, f"output_dir={tmp_path / 'straight'}"))
    cfg = compose(*TINY, *every, f"output_dir={tmp_path / 'cut'}")
    original = MetricsCSV.log_metrics

    def cut_before_row_2(self, metrics, step=None):
        return cut() if step == 2 else original(self, metrics, step)

    with monkeypatch.context() as patch:
        patch.setattr(MetricsCSV, "log_metrics", cut_before_row_2)
        with pytest.raises(CutError):
            train(cfg)
    assert checkpoint(tmp_path / "cut")["generator_steps"] == 2
    assert [row["step"] for row in rows(tmp_path / "cut")] == ["1"]
    cfg.resume = "auto"
    train(cfg)
    assert rows(tmp_path / "cut") == rows(tmp_path / "straight")


@pytest.mark.parametrize("step", [4, 6])  # in the middle of the run, and at its end
def test_a_run_cut_off_in_a_validation_is_validated_first(step, compose, tmp_path):
    length = ["trainer.max_steps=6", "trainer.val_every=4", RANDOM_DEGRADATION]
    train(compose(*TINY, *length, f"output_dir={tmp_path / 'straight'}"))
    cut_off_and_resumed(compose(*TINY, *length, f"output_dir={tmp_path / 'cut'}"), step, "validation_step")
    assert rows(tmp_path / "cut") == rows(tmp_path / "straight")
    for name in ("last.ckpt", "best.ckpt"):
        assert_same_state(checkpoint(tmp_path / "straight", name), checkpoint(tmp_path / "cut", name))


def test_every_validation_scores_the_same_random_input(compose, tmp_path):
    still = ["optimizer.generator.lr=0", "optimizer.ema_decay=null", "trainer.val_every=2"]
    train(compose(*TINY, RANDOM_DEGRADATION, *still))
    scores = [row["val/psnr"] for row in rows(tmp_path / "run") if row["val/psnr"]]
    assert len(scores) == 2 and scores[0] == scores[1]


def test_draws_differ_from_step_to_step_and_from_rank_to_rank():
    class Trainer:
        global_rank = 0

    class Module:
        generator_steps = 0

    def draw(steps, rank):
        Module.generator_steps, Trainer.global_rank = steps, rank
        Draws(seed=3).on_train_batch_start(Trainer, Module)
        return torch.rand(()).item(), random.random()

    assert draw(5, 0) == draw(5, 0)
    drawn = [draw(steps, rank) for steps in (0, 5) for rank in (0, 1)]
    assert len({value for pair in drawn for value in pair}) == 8


def test_sigterm_ends_the_run_after_its_step_and_resume_goes_on(compose, tmp_path, capfd):
    length = ["trainer.max_steps=6", "trainer.val_every=6"]
    train(compose(*ALL_AT_ONCE, *length, f"output_dir={tmp_path / 'straight'}"))
    before = signal.getsignal(signal.SIGTERM)
    cfg = compose(*ALL_AT_ONCE, *length, f"output_dir={tmp_path / 'cut'}")
    with pytest.MonkeyPatch.context() as patch:
        do_at(patch, 2, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(SystemExit) as stopped:
            train(cfg)
    assert stopped.value.code == 143
    assert checkpoint(tmp_path / "cut")["generator_steps"] == len(rows(tmp_path / "cut")) == 3
    assert signal.getsignal(signal.SIGTERM) == before
    cfg.resume = "auto"
    train(cfg)
    assert_same_state(checkpoint(tmp_path / "straight"), checkpoint(tmp_path / "cut"))
    assert rows(tmp_path / "straight") == rows(tmp_path / "cut")


def test_sigterm_in_a_validation_does_not_wait_for_its_other_clips(compose, tmp_path):
    validated = []

    def terminate():
        validated.append(1)
        signal.raise_signal(signal.SIGTERM)

    cut_off_and_resumed(compose(*TINY), 4, "validation_step", terminate, SystemExit)
    assert len(validated) == 1
    assert checkpoint(tmp_path / "run")["validated_at"] == 4
    assert (tmp_path / "run" / "results.json").is_file()


@pytest.mark.parametrize("resume", ["auto", "null"])
def test_slurm_gets_the_job_back_where_it_would_go_on(resume, compose, tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.parent.mkdir()
    scontrol.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{scontrol.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    do_at(monkeypatch, 1, lambda: signal.raise_signal(signal.SIGUSR1))
    with pytest.raises(SystemExit):
        train(compose(*TINY, f"resume={resume}"))
    assert checkpoint(tmp_path / "run")["generator_steps"] == 2
    assert (calls.read_text() if calls.exists() else None) == ("requeue 4711\n" if resume == "auto" else None)


def test_a_damaged_checkpoint_is_named_with_those_to_go_on_from(compose, tmp_path):
    train(compose(*TINY, "callbacks.checkpoints.keep_every=2"))
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-1000])
    with pytest.raises(
        UserError, match=r"last\.ckpt: not a checkpoint.*step_0000004\.ckpt.*resume=.*output_dir="
    ) as said:
        train(compose(*TINY, "resume=auto"))
    remedy = [word for word in str(said.value).split() if word.startswith(("resume=", "output_dir="))]
    train(compose(*TINY, *remedy))  # what the message says to do works
    assert checkpoint(tmp_path / "run")["generator_steps"] == 4


def test_resume_auto_does_not_start_anew_over_other_checkpoints(compose, tmp_path):
    train(compose(*TINY))
    (tmp_path / "run" / "checkpoints" / "last.ckpt").unlink()
    with pytest.raises(UserError, match=r"last\.ckpt: no such checkpoint; go on .* \(best\.ckpt\)"):
        train(compose(*TINY, "resume=auto"))


def test_a_torn_row_is_left_out(compose, tmp_path):
    train(compose(*TINY, "trainer.max_steps=2", "trainer.val_every=2"))
    whole = rows(tmp_path / "run")
    with (tmp_path / "run" / "metrics.csv").open("a") as file:
        file.write("1,0.25")
    train(compose(*TINY, "resume=auto", "trainer.max_steps=3", "trainer.val_every=3"))
    resumed = rows(tmp_path / "run")
    assert resumed[:2] == whole and [row["step"] for row in resumed] == ["1", "2", "3"]


def test_a_key_can_be_set_to_null_when_a_run_goes_on(compose, tmp_path):
    train(compose(*TINY, "optimizer.clip_grad_norm=1"))
    given = ["resume=auto", "trainer.max_steps=5", "optimizer.clip_grad_norm=null"]
    train(compose(*TINY, "optimizer.clip_grad_norm=1", *given), given)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["optimizer"]["clip_grad_norm"] is None


def test_an_average_switched_on_later_begins_where_the_generator_is(compose, tmp_path):
    train(compose(*TINY, "optimizer.ema_decay=null"))
    before = json.loads((tmp_path / "run" / "results.json").read_text())["metrics"]
    given = ["resume=auto", "optimizer.ema_decay=0.999"]
    train(compose(*TINY, *given), given)
    assert json.loads((tmp_path / "run" / "results.json").read_text())["metrics"] == pytest.approx(before)


def test_a_checkpoint_of_a_schema_to_come_is_named(compose, tmp_path):
    train(compose(*TINY, "trainer.max_steps=1", "trainer.val_every=1"))
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    assert content["schema"] == 1
    torch.save({**content, "schema": 2}, path)
    with pytest.raises(UserError, match=r"last\.ckpt: a checkpoint of version 2, this program reads up to 1"):
        train(compose(*TINY, "resume=auto"))
