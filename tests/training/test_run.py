"""A whole run: what it steps, what it writes, how it goes on."""

import csv
import errno
import gc
import json
import math

import pytest
import torch
import yaml

from tests.conftest import TINY, TINY_ADVERSARIAL
from vsr.discriminators import MultiScale
from vsr.errors import UserError
from vsr.motion import SPyNet
from vsr.training import VideoSuperResolution
from vsr.training.run import train


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def steps_taken(monkeypatch):
    """Counts the optimiser steps of generator and discriminators as they happen."""
    taken = {"generator": 0, "discriminator": 0}

    def count(module, optimiser):
        of_generator = optimiser.param_groups[0]["params"][0] is next(
            p for n, p in module.generator.named_parameters() if not n.startswith("spynet")
        )
        taken["generator" if of_generator else "discriminator"] += 1

    monkeypatch.setattr(VideoSuperResolution, "on_before_optimizer_step", count)
    return taken


def test_a_run_makes_exactly_the_steps_asked_for_of_both_networks(compose, steps_taken):
    train(compose(*TINY_ADVERSARIAL, "trainer.max_steps=7"))
    assert steps_taken == {"generator": 7, "discriminator": 7}


def test_a_run_writes_all_that_it_promises(compose, tmp_path):
    train(compose(*TINY_ADVERSARIAL))
    run = tmp_path / "run"
    assert {"config.yaml", "metrics.csv", "results.json", "checkpoints", "media"} <= {p.name for p in run.iterdir()}
    assert {p.name for p in (run / "checkpoints").iterdir()} == {"last.ckpt", "best.ckpt"}
    assert {p.name for p in (run / "media").iterdir()} >= {"scene_0000.png", "scene_0000.mp4", "scene_0000"}
    assert yaml.safe_load((run / "config.yaml").read_text())["loss"]["adversarial"]["objective"] == "hinge"

    results = json.loads((run / "results.json").read_text())
    assert results["schema"] == 1 and results["dataset"] == "synthetic" and results["generator_steps"] == 4
    assert results["loss_weights"] == {"pixel": 1.0, "perceptual": 0.1, "adversarial": 0.05}
    assert results["metrics"]["psnr"] == pytest.approx(
        sum(clip["psnr"] for clip in results["clips"].values()) / len(results["clips"])
    )
    assert set(results["baseline"]["bicubic"]) == {"psnr", "psnr_y"}
    assert all((run / file).is_file() for clip in results["media"].values() for file in clip["stills"].values())

    last = rows(run)[-1]
    assert int(last["step"]) == 4
    for column in ("loss", "loss_pixel", "loss_perceptual", "loss_adversarial", "d_real_spatial", "d_fake_temporal"):
        assert float(last[f"train/{column}"]) == float(last[f"train/{column}"]), column
    assert float(last["val/psnr_y"]) > 5


def test_no_file_of_a_finished_run_is_a_leftover(compose, tmp_path):
    train(compose(*TINY))
    assert not list((tmp_path / "run").rglob("*.part"))


def test_without_adversarial_weight_no_discriminator_exists(compose):
    gc.collect()
    before = sum(isinstance(thing, MultiScale) for thing in gc.get_objects())
    built = []
    original = MultiScale.__init__
    MultiScale.__init__ = lambda self, *a, **k: (built.append(self), original(self, *a, **k))[1]
    try:
        train(compose(*TINY_ADVERSARIAL, "loss.adversarial.weight=0"))
    finally:
        MultiScale.__init__ = original
    assert not built
    assert sum(isinstance(thing, MultiScale) for thing in gc.get_objects()) <= before


def test_the_perceptual_network_is_not_built_at_weight_zero(compose, monkeypatch):
    monkeypatch.setattr("vsr.features.vgg16", lambda **_: pytest.fail("vgg16 was built"))
    train(compose(*TINY_ADVERSARIAL, "loss.perceptual.weight=0"))


def test_two_runs_with_one_seed_are_equal(compose, tmp_path):
    scores = []
    for name in ("first", "second"):
        train(compose(*TINY_ADVERSARIAL, f"output_dir={tmp_path / name}"))
        scores.append(json.loads((tmp_path / name / "results.json").read_text())["metrics"])
    assert scores[0] == scores[1]


def test_another_seed_gives_another_run(compose, tmp_path):
    losses = []
    for seed in (0, 1):
        train(compose(*TINY, f"seed={seed}", f"output_dir={tmp_path / str(seed)}"))
        losses.append(rows(tmp_path / str(seed))[0]["train/loss"])
    assert losses[0] != losses[1]


def test_a_resumed_run_ends_like_one_that_was_never_stopped(compose, tmp_path):
    schedule = ["callbacks.checkpoints.every=3", "trainer.max_steps=6", "trainer.val_every=6"]
    train(compose(*TINY_ADVERSARIAL, *schedule, f"output_dir={tmp_path / 'straight'}"))

    class KilledError(Exception):
        pass

    step = VideoSuperResolution.training_step

    def killed_at_4(self, batch, batch_idx):
        if self.generator_steps == 4:
            raise KilledError
        return step(self, batch, batch_idx)

    cut = compose(*TINY_ADVERSARIAL, *schedule, f"output_dir={tmp_path / 'cut'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VideoSuperResolution, "training_step", killed_at_4)
        with pytest.raises(KilledError):
            train(cut)
    cut.resume = "auto"
    train(cut)

    weights = [
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True) for name in ("straight", "cut")
    ]
    assert weights[0]["generator_steps"] == weights[1]["generator_steps"] == 6
    for name, tensor in weights[0]["state_dict"].items():
        assert torch.equal(tensor, weights[1]["state_dict"][name]), name
    for name, tensor in weights[0]["ema"]["generator"].items():
        assert torch.equal(tensor, weights[1]["ema"]["generator"][name]), name
    straight, resumed = rows(tmp_path / "straight"), rows(tmp_path / "cut")
    assert [row["step"] for row in resumed] == [row["step"] for row in straight]
    assert [row["train/loss"] for row in resumed] == [row["train/loss"] for row in straight]


def test_half_precision_trains_too(compose, tmp_path):
    train(compose(*TINY_ADVERSARIAL, "trainer.precision=bf16-mixed", "trainer.max_steps=3"))
    last = rows(tmp_path / "run")[-1]
    assert all(math.isfinite(float(value)) for value in last.values() if value)
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(tensor.dtype == torch.float32 for tensor in state.values())


def test_a_full_disk_leaves_the_checkpoint_before_untouched(compose, tmp_path, monkeypatch):
    train(compose(*TINY))
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    before = last.read_bytes()

    def full(self, path, *_, **__):
        path.write_bytes(b"half of a checkpoint")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("lightning.Trainer.save_checkpoint", full)
    with pytest.raises(UserError, match=r"could not be written \(No space left on device\).*resume=auto"):
        train(compose(*TINY, "resume=auto", "trainer.max_steps=6", "trainer.val_every=6"))
    assert last.read_bytes() == before and not list(last.parent.glob("*.part"))


def test_resume_auto_without_a_checkpoint_starts_anew(compose, tmp_path):
    train(compose(*TINY, "resume=auto"))
    assert (tmp_path / "run" / "results.json").is_file()


def test_a_run_that_only_lacks_its_results_is_scored(compose, tmp_path, steps_taken):
    train(compose(*TINY))
    results = tmp_path / "run" / "results.json"
    before = json.loads(results.read_text())
    results.unlink()
    train(compose(*TINY, "resume=auto"))
    assert json.loads(results.read_text())["metrics"] == before["metrics"]
    assert steps_taken["generator"] == 4  # none more


def test_a_finished_run_goes_on_when_it_is_given_more_steps(compose, tmp_path, steps_taken):
    train(compose(*TINY))
    train(compose(*TINY, "resume=auto", "trainer.max_steps=7", "trainer.val_every=7"), ["trainer.max_steps=7"])
    assert steps_taken["generator"] == 7
    assert json.loads((tmp_path / "run" / "results.json").read_text())["generator_steps"] == 7
    rates = [float(row["train/lr"]) for row in rows(tmp_path / "run")]
    assert rates[4:] == sorted(rates[4:], reverse=True)  # down to the end, not up again


def test_resume_goes_on_with_the_run_that_was_cut_off_not_with_the_defaults(compose, tmp_path):
    train(compose(*TINY_ADVERSARIAL))
    defaults = compose(*TINY, "loss=pixel", "resume=auto", "data.crop=32", "trainer.max_steps=6")
    train(defaults, ["resume=auto", "trainer.max_steps=6"])
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert set(config["loss"]) == {"pixel", "perceptual", "adversarial"} and config["data"]["crop"] == 64
    assert config["loss"]["adversarial"]["weight"]["start"] == 2  # two thirds of the 4 steps it began with
    assert config["optimizer"]["schedule"]["steps"] == config["trainer"]["max_steps"] == 6


def test_resume_with_other_networks_is_refused_before_anything_is_written(compose, tmp_path):
    train(compose(*TINY))
    before = (tmp_path / "run" / "config.yaml").read_bytes()
    with pytest.raises(UserError, match=r"its networks are not those of this configuration: \d+ tensors missing"):
        train(compose(*TINY_ADVERSARIAL, "resume=auto", "trainer.max_steps=6"))
    assert (tmp_path / "run" / "config.yaml").read_bytes() == before


def test_published_weights_cannot_be_resumed(compose, tmp_path):
    torch.save({"params": {}}, tmp_path / "published.pth")
    with pytest.raises(UserError, match="not the checkpoint of a run; to start from its weights use init_from="):
        train(compose(*TINY, f"resume={tmp_path / 'published.pth'}"))


def test_the_generator_starts_the_same_whatever_will_judge_it(compose, tmp_path):
    starts = []
    for name, overrides in (("pixel", TINY), ("adversarial", TINY_ADVERSARIAL)):
        still = ["optimizer.generator.lr=0", "trainer.max_steps=1", "trainer.val_every=1"]
        train(compose(*overrides, *still, f"output_dir={tmp_path / name}"))
        state = torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        starts.append({key: tensor for key, tensor in state.items() if key.startswith("generator.")})
    assert all(torch.equal(tensor, starts[1][key]) for key, tensor in starts[0].items())


def test_a_run_refused_at_its_first_step_leaves_no_file(compose, tmp_path):
    with pytest.raises(UserError, match="too small"):
        train(compose(*TINY_ADVERSARIAL, "data.crop=32"))
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


def test_a_metric_that_is_not_scored_cannot_choose_the_best(compose):
    with pytest.raises(UserError, match=r"monitor=lpips is not scored; add it to metrics=\[psnr,psnr_y\]"):
        train(compose(*TINY, "callbacks.checkpoints.monitor=lpips"))


def test_init_from_a_run_starts_with_its_averaged_weights(compose, tmp_path, capsys):
    train(compose(*TINY, f"output_dir={tmp_path / 'pixel'}"))
    first = torch.load(tmp_path / "pixel" / "checkpoints" / "last.ckpt", weights_only=True)["ema"]["generator"]
    cfg = compose(*TINY, f"init_from={tmp_path / 'pixel'}", "optimizer.generator.lr=0", "optimizer.schedule=null")
    train(cfg)
    second = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["ema"]["generator"]
    for name, tensor in first.items():
        assert torch.allclose(tensor, second[name], atol=1e-6), name


def test_init_from_another_architecture_is_refused_by_name(compose, tmp_path):
    train(compose(*TINY, f"output_dir={tmp_path / 'narrow'}"))
    with pytest.raises(UserError, match=r"another architecture .* of another shape \(such as backward_trunk"):
        train(compose(*TINY, "generator.channels=6", f"init_from={tmp_path / 'narrow'}"))


def test_a_frozen_flow_network_does_not_move_and_a_freed_one_does(compose, tmp_path, monkeypatch):
    monkeypatch.setattr(SPyNet, "pretrained", True)  # one of random weights is not held still

    def flow_weights(run):
        state = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        return torch.cat([tensor.flatten() for name, tensor in state.items() if "spynet.basic_module" in name])

    train(compose(*TINY, f"output_dir={tmp_path / 'frozen'}"))
    train(compose(*TINY, "optimizer.flow_frozen_steps=0", f"output_dir={tmp_path / 'free'}"))
    train(compose(*TINY, "trainer.max_steps=1", "trainer.val_every=1", f"output_dir={tmp_path / 'other'}"))
    assert torch.equal(flow_weights(tmp_path / "frozen"), flow_weights(tmp_path / "other"))
    assert not torch.equal(flow_weights(tmp_path / "frozen"), flow_weights(tmp_path / "free"))


def test_the_generator_runs_once_a_step(compose, monkeypatch):
    from vsr.generators import BasicVSR

    calls = []
    forward = BasicVSR.forward

    def counted(self, lr):
        calls.append(torch.is_grad_enabled())
        return forward(self, lr)

    monkeypatch.setattr(BasicVSR, "forward", counted)
    train(compose(*TINY_ADVERSARIAL))
    assert calls.count(True) == 4  # the rest is validation
