"""Which checkpoints a run keeps, and what each of them holds."""

import csv
import resource

import pytest
import torch

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.metrics import SetScores
from vsr.results_layout import BICUBIC
from vsr.training import Checkpoints, VideoSuperResolution
from vsr.training.run import train
from vsr.training.scored import SR


def steps_of(run):
    """Generator steps by file name."""
    files = (run / "checkpoints").iterdir()
    return {path.name: torch.load(path, weights_only=True)["generator_steps"] for path in files}


@pytest.fixture
def scores(monkeypatch):
    """Fill this list to say what the coming validations score."""
    coming, now = [], {}

    class Scored(VideoSuperResolution):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            self.evaluator.scorer.measures["lpips"] = None

        def on_validation_epoch_start(self):
            now.update(dict.fromkeys(("psnr_y", "lpips"), coming.pop(0)))
            super().on_validation_epoch_start()

        def validation_step(self, batch, batch_idx):
            self.results = [ClipResult("clip", {})]

    monkeypatch.setattr("vsr.training.Pictures.on_validation_batch_end", lambda *_: None)  # there are none
    monkeypatch.setattr(Evaluator, "over_clips", lambda _: dict.fromkeys((SR, BICUBIC), SetScores(now, {})))
    monkeypatch.setattr("vsr.training.build.VideoSuperResolution", Scored)
    monkeypatch.setattr("vsr.training.run._write_results", lambda *_: 0.0)
    return coming


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [
        ("psnr_y", [20.0, 30.0, 25.0, 30.0], 2),  # higher is better; of equals the earlier
        ("lpips", [0.3, 0.2, 0.1, 0.1], 3),  # lower is better
        ("lpips", [0.3, float("nan"), 0.4, 0.2], 4),
    ],
)
def test_best_is_the_best_validation_by_any_metric(monitor, values, best, compose, tmp_path, scores):
    scores += values
    train(compose(*TINY, "trainer.val_every=1", f"callbacks.checkpoints.monitor={monitor}"))
    assert steps_of(tmp_path / "run") == {"last.ckpt": 4, "best.ckpt": best}


@pytest.mark.parametrize(("last", "best"), [(21.0, 2), (31.0, 5)])
def test_a_resumed_run_knows_its_best_and_the_last_validation_counts(last, best, compose, tmp_path, scores):
    scores += [30.0, 25.0]
    cfg = compose(*TINY, "trainer.val_every=2")
    train(cfg)
    scores += [last]
    cfg.resume, cfg.trainer.max_steps = "auto", 5  # which val_every does not divide
    train(cfg)
    assert steps_of(tmp_path / "run") == {"last.ckpt": 5, "best.ckpt": best} and not scores


def test_another_metric_starts_its_own_best(compose, tmp_path, scores):
    scores += [0.9]
    train(compose(*TINY))
    scores += [0.8]
    train(compose(*TINY, "resume=auto", "callbacks.checkpoints.monitor=lpips", "trainer.max_steps=5"))
    assert steps_of(tmp_path / "run")["best.ckpt"] == 5


def test_so_many_checkpoints_are_kept_and_no_more(compose, tmp_path):
    kept = ["callbacks.checkpoints.keep_every=2", "callbacks.checkpoints.keep=2"]
    train(compose(*TINY, *kept, "trainer.max_steps=7", "trainer.val_every=7"))
    assert steps_of(tmp_path / "run") == {
        "step_0000004.ckpt": 4,
        "step_0000006.ckpt": 6,
        "last.ckpt": 7,
        "best.ckpt": 7,
    }


def test_damage_to_one_checkpoint_leaves_the_others(compose, tmp_path):
    train(compose(*TINY, "callbacks.checkpoints.keep_every=4"))
    folder = tmp_path / "run" / "checkpoints"
    with (folder / "last.ckpt").open("r+b") as file:
        file.truncate(100)
    for name in ("best.ckpt", "step_0000004.ckpt"):
        assert torch.load(folder / name, weights_only=True)["generator_steps"] == 4


def test_a_disk_that_fills_up_while_a_run_saves(compose, tmp_path):
    train(compose(*TINY, "trainer.max_steps=2", "trainer.val_every=2"))
    folder = tmp_path / "run" / "checkpoints"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["last.ckpt"]) // 2, hard))
    try:
        with pytest.raises(UserError, match=r"last\.ckpt could not be written .*then go on with resume=auto"):
            train(compose(*TINY, "resume=auto"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    train(compose(*TINY, "resume=auto"))
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("key", ["every", "keep_every", "keep"])
def test_numbers_below_one_are_refused(key):
    with pytest.raises(UserError, match=rf"callbacks\.checkpoints\.{key}=0 must be at least 1"):
        Checkpoints("folder", **{key: 0})
