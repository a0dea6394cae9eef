"""Evaluation from its config: what is scored, and what is said of it."""

import csv
import json
import logging

import cv2
import numpy as np
import pytest
import torch
from hydra.utils import instantiate

from vsr.errors import UserError
from vsr.generators.generator import Generator
from vsr.generators.load import Weights
from vsr.inference import metric_choice, run
from vsr.inference.candidates import labels
from vsr.inference.results import config_hash
from vsr.metrics import METRICS, ClipScorer, scorer

LOAD = "vsr.inference.checkpoint.load_generator"


class Enlarge(Generator):
    """Repeats each pixel; enough of a generator to be scored."""

    def forward(self, lr, modulation=None):
        return lr.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


@pytest.fixture
def checkpoint(monkeypatch):
    """``checkpoint(config)``: from now on every checkpoint is an x4 `Enlarge` of that training config."""

    def stand_in(config):
        monkeypatch.setattr(LOAD, lambda source: (Enlarge(4, 4), Weights(source, {}, config)))

    return stand_in


@pytest.fixture
def clips(tmp_path):
    for name, frames in (("a", 2), ("b", 35)):
        folder = tmp_path / "clips" / name
        folder.mkdir(parents=True)
        for number in range(frames):
            picture = np.random.default_rng(number).integers(256, size=(64, 64, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    return tmp_path / "clips"


def test_all_of_a_folder_is_scored_though_training_would_cut_it(compose, clips):
    cfg = compose("data=frame_folder", "data.workers=0", f"data.root={clips}", "scale=4", name="evaluate")
    data = instantiate(cfg.data)
    assert [(clip["name"], len(clip["hr"])) for clip in data.val_dataloader()] == [("a", 2), ("b", 35)]


def test_limits_on_the_command_line_hold(compose, clips):
    limits = ["data.max_val_frames=1", "data.max_val_clips=1"]
    cfg = compose("data=frame_folder", "data.workers=0", f"data.root={clips}", "scale=4", *limits, name="evaluate")
    assert [(clip["name"], len(clip["hr"])) for clip in instantiate(cfg.data).val_dataloader()] == [("a", 1)]


@pytest.mark.parametrize("data", ["sample", "synthetic", "video_folder", "frame_folder", "vid4"])
def test_no_data_set_reads_training_clips(compose, data):
    cfg = compose(f"data={data}", name="evaluate")
    assert cfg.data.train is None and cfg.data.max_val_frames is None and cfg.data.max_val_clips is None


@pytest.mark.parametrize("config", [{"seed": 3}, None], ids=["own", "published"])
def test_the_record_is_of_the_training_that_made_the_checkpoint(compose, clips, checkpoint, config):
    checkpoint(config)
    arguments = ["data.max_val_clips=1", "metrics=[psnr]", "media=false", "device=cpu"]
    (record,) = run.evaluate(
        compose("ckpt=x", "data=frame_folder", "data.workers=0", f"data.root={clips}", *arguments, name="evaluate")
    )
    assert record["config_hash"] == (config and config_hash(config))


def test_another_scale_than_the_checkpoints_is_refused(compose, checkpoint, tmp_path):
    checkpoint(None)
    with pytest.raises(UserError, match=r"scale=2: x was trained for x4"):
        run.evaluate(compose("ckpt=x", "scale=2", "data=synthetic", name="evaluate"))
    assert not (tmp_path / "run").exists()


SMALL = ["data=synthetic", "data.val.size=64", "data.val.frames=3", "device=cpu"]


class Darken(Enlarge):
    """Worse than `Enlarge`."""

    def __init__(self, scale, channels):
        super().__init__(scale, channels)
        self.gain = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, lr, modulation=None):
        return self.gain * super().forward(lr)


@pytest.fixture
def two(monkeypatch):
    """The checkpoints ``good`` and ``runs/bad``."""
    generators = {"good": Enlarge(4, 4), "runs/bad": Darken(4, 4)}
    monkeypatch.setattr(LOAD, lambda source: (generators[source], Weights(source, {})))
    return generators


def lines(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_several_checkpoints_are_compared(compose, two, tmp_path, capsys):
    records = run.evaluate(compose("ckpt=[good,runs/bad]", *SMALL, "metrics=[psnr,tof]", name="evaluate"))
    printed = capsys.readouterr().out
    assert "bicubic" in printed and "bad" in printed and "parameters" in printed
    out = tmp_path / "run"
    for record, name, source in zip(records, ("good", "bad"), two, strict=True):
        assert json.loads((out / name / "results.json").read_text()) == record
        assert record["checkpoint"] == source and list(record["clips"]) == ["scene_0000", "scene_0001"]
    good, bad = records
    assert good["metrics"]["psnr"] > bad["metrics"]["psnr"] + 3 and good["baseline"] == bad["baseline"]
    (alone,) = run.evaluate(compose("ckpt=runs/bad", *SMALL, "metrics=[psnr,tof]", name="evaluate"))
    assert alone["metrics"] == bad["metrics"] and alone["intervals"] == bad["intervals"]


def test_what_is_written_beside_the_results(compose, two, tmp_path):
    (record,) = run.evaluate(compose("ckpt=good", *SMALL, "metrics=[psnr,tof]", name="evaluate"))
    out = tmp_path / "run"
    assert {path.name for path in out.iterdir()} == {
        "results.json",
        "table.md",
        "table.tex",
        "clips.csv",
        "frames.csv",
        "media",
    }
    assert (out / "media" / "scene_0000.png").is_file() and (out / "media" / "scene_0001.mp4").is_file()
    frames = lines(out / "frames.csv")
    assert len(frames) == 2 * 2 * 3  # clips, bicubic and SR, frames
    own = [row for row in frames if (row["clip"], row["generator"]) == ("scene_0001", "good")]
    assert [row["frame"] for row in own] == ["0", "1", "2"] and own[0]["tof"] == ""
    mean = sum(float(row["psnr"]) for row in own) / 3
    assert mean == pytest.approx(record["clips"]["scene_0001"]["psnr"])
    row = lines(out / "clips.csv")[-1]
    assert (row["clip"], row["generator"], row["frames"]) == ("scene_0001", "good", "3")
    assert float(row["psnr"]) == pytest.approx(mean)
    assert (row["lr_width"], row["lr_height"]) == ("16", "16")
    assert float(row["seconds_per_frame"]) > 0 and int(row["peak_memory_bytes"]) > 2**20
    assert record["cost"]["device"].startswith("cpu (") and record["cost"]["seconds_per_frame"] > 0
    assert r"| scene\_0000 | bicubic |" in (out / "table.md").read_text()
    assert r"\begin{tabular}" in (out / "table.tex").read_text()


def test_a_protocol_is_obeyed_and_recorded(compose, two, tmp_path):
    arguments = ["metrics=[psnr_y]", "protocol=tecogan", "data.val.frames=7", "media=false"]
    (record,) = run.evaluate(compose("ckpt=good", *SMALL, *arguments, name="evaluate"))
    assert record["protocol"] == "tecogan" and set(record["frames"].values()) == {3}
    assert "protocol tecogan (papers: psnr_y and ssim_y)" in (tmp_path / "run" / "table.md").read_text()
    with pytest.raises(UserError, match=r"protocol='vid4' is not known\. Did you mean 'vid4-y'"):
        run.evaluate(compose("ckpt=good", *SMALL, "protocol=vid4", name="evaluate"))


def test_checkpoints_of_two_scales_are_refused(compose, two):
    two["runs/bad"].scale = 2
    with pytest.raises(UserError, match="runs/bad was trained for x2 and good for x4; score them one by one"):
        run.evaluate(compose("ckpt=[good,runs/bad]", *SMALL, name="evaluate"))


def test_all_metrics_that_can_be_had(compose, two, monkeypatch, caplog):
    def had(name, weights):
        if name in ("tof_raft", "fvd"):
            raise UserError(f"{name}.pth is not here.")
        return original(name if name in ("mse", "psnr", "tof") else "mse", weights)

    original = scorer.measure
    monkeypatch.setattr(scorer, "measure", had)
    with caplog.at_level(logging.WARNING):
        (record,) = run.evaluate(compose("ckpt=good", *SMALL, "metrics=all", "media=false", name="evaluate"))
    assert list(record["metrics"]) == [name for name in METRICS if name not in ("tof_raft", "fvd")]
    assert "metrics=all without tof_raft: tof_raft.pth is not here." in caplog.text


def test_all_metrics_leave_out_what_such_clips_do_not_have(compose, two, monkeypatch, caplog):
    def had(name, weights):
        return original(name if name in ("ms_ssim", "tof") else "mse", weights)

    original = scorer.measure
    monkeypatch.setattr(scorer, "measure", had)
    arguments = [*SMALL, "data.val.frames=1", "metrics=all", "media=false"]
    with caplog.at_level(logging.WARNING):
        (record,) = run.evaluate(compose("ckpt=good", *arguments, name="evaluate"))
    assert list(record["metrics"]) == [name for name in METRICS if name not in ("ms_ssim", "tof")]
    assert "metrics=all without ms_ssim: MS-SSIM needs frames of at least 161x161 px, got 64x64." in caplog.text
    assert "metrics=all without tof: tof compares neighbouring frames" in caplog.text


def test_what_the_smallest_clip_does_not_have_is_said_before_the_first_is_scored(
    compose, checkpoint, tmp_path, monkeypatch
):
    def scored(*_):
        raise AssertionError("a clip was scored")

    monkeypatch.setattr(run.Evaluator, "__call__", scored)
    checkpoint(None)
    for name, side in (("a", 192), ("b", 64)):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "0.png"), np.zeros((side, 192, 3), np.uint8))
    data = ["data=frame_folder", "data.workers=0", f"data.root={tmp_path}", "device=cpu"]
    with pytest.raises(UserError, match="MS-SSIM needs frames of at least 161x161 px, got 64x192"):
        run.evaluate(compose("ckpt=x", *data, "metrics=[ms_ssim]", name="evaluate"))


def test_a_metric_of_the_set_is_refused_with_its_reason(compose, two, monkeypatch, tmp_path):
    monkeypatch.setattr(metric_choice, "ClipScorer", lambda *arguments: ClipScorer(*arguments, weights="random"))
    (record,) = run.evaluate(compose("ckpt=good", *SMALL, "metrics=[mse,patch_kid]", "media=false", name="evaluate"))
    assert list(record["metrics"]) == ["mse"] and record["random_weights"] == ["metrics"]
    reason = "patch_kid needs at least 32 patches of 64 px and got 6."
    assert record["refused"]["patch_kid"].startswith(reason)
    assert reason in (tmp_path / "run" / "table.md").read_text()


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["runs/a", "runs/b/"], ["a", "b"]),
        (["runs/a/checkpoints/last.ckpt", "runs/a/checkpoints/best.ckpt"], ["a", "a_best"]),
        (["BasicVSR_REDS4.pth", "basicvsr_vimeo90k_bi"], ["BasicVSR_REDS4", "basicvsr_vimeo90k_bi"]),
        (["x/a", "y/a", "z/a"], ["a", "a_2", "a_3"]),
        (["runs/bicubic", "HR", "runs/media"], ["bicubic_2", "HR_2", "media_2"]),
        (["runs/v1.5"], ["v1.5"]),
    ],
)
def test_labels_are_short_and_differ(sources, expected):
    assert labels(sources) == expected


@pytest.mark.parametrize("metrics", ["null", "[]"])
def test_no_metric_at_all_is_answered_with_how(compose, two, metrics):
    with pytest.raises(UserError, match=r"metrics is empty; name some, as metrics=\[psnr_y,lpips\]"):
        run.evaluate(compose("ckpt=good", *SMALL, f"metrics={metrics}", name="evaluate"))


@pytest.mark.parametrize("ckpt", ["null", "[]"])
def test_no_checkpoint_at_all_is_answered_with_how(compose, ckpt):
    with pytest.raises(UserError, match="ckpt is not set; name a run"):
        run.evaluate(compose(f"ckpt={ckpt}", *SMALL, name="evaluate"))
