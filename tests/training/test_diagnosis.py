"""What a run says of its loss terms, and what it does when one breaks."""

import csv

import pytest
import torch

from tests.conftest import TINY, TINY_ADVERSARIAL
from vsr.errors import UserError
from vsr.losses import LossStack, PixelLoss, Schedule
from vsr.losses.term import LossTerm
from vsr.training.diagnosis import Diagnosis, gradient_norms, not_finite, shares
from vsr.training.run import train

NAN = float("nan")


class Mean(LossTerm):
    """The mean of SR, whose gradient is 1/N everywhere."""

    def __call__(self, comparison):
        return comparison.sr.mean()


def loss_of(weights):
    terms = {"mean": Mean(), "pixel": PixelLoss("mse")}
    stack = LossStack(terms, {name: Schedule(weights[name]) for name in terms})
    sr, hr = torch.full((1, 1, 3, 4, 4), 0.5, requires_grad=True), torch.full((1, 1, 3, 4, 4), 0.25)
    comparison = stack.compare(sr, hr, hr, 0)
    return stack(comparison, 0), comparison.sr


def test_shares_of_weighted_terms_by_hand():
    loss, _ = loss_of({"mean": 1.0, "pixel": 8.0})  # 1 · 0.5 and 8 · 0.25²
    assert shares(loss) == pytest.approx({"mean": 0.5, "pixel": 0.5})


def test_gradient_norms_by_hand_and_the_graph_survives_them():
    loss, sr = loss_of({"mean": 3.0, "pixel": 2.0})
    n = sr.numel()
    norms = gradient_norms(loss, sr)
    assert norms == pytest.approx({"mean": 3 / n**0.5, "pixel": 2 * 2 * 0.25 / n**0.5}, rel=1e-5)
    loss.total.backward()
    assert sr.grad.norm().item() == pytest.approx(sum(norms.values()), rel=1e-5)  # both point the same way


def test_broken_terms_are_named_and_stop():
    losses = {"pixel": torch.tensor(1.0), "style": torch.tensor(NAN), "lpips": torch.tensor(float("inf"))}
    assert not_finite(losses) == ["style", "lpips"]
    assert not_finite({"pixel": torch.tensor(1.0)}) == not_finite({}) == []
    with pytest.raises(UserError, match="step 7: style is not finite, stopped before an optimiser saw it"):
        Diagnosis().act("step 7: style is not finite")
    Diagnosis(non_finite="skip").act("step 7: style is not finite")


def test_a_misspelt_choice_is_refused():
    with pytest.raises(UserError, match="Did you mean 'skip'"):
        Diagnosis(non_finite="skp")


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_logs_shares_and_gradients(compose, tmp_path):
    train(compose(*TINY_ADVERSARIAL, "loss.perceptual.weight=0.05", "diagnosis.gradient_norms_every=4"))
    logged = rows(tmp_path / "run")
    for row in logged:
        named = [float(value) for key, value in row.items() if key.startswith("train/share_") and value]
        assert sum(named) == pytest.approx(1.0)
    assert [bool(row["train/gradient_perceptual"]) for row in logged] == [False, False, False, True]
    assert float(logged[3]["train/gradient_pixel"]) > 0


def break_at(monkeypatch, target, step):
    """Make the method ``target`` return NaN at one call."""
    module, name = target.rsplit(".", 1)
    calls = []
    import importlib

    owner_module, owner = module.rsplit(".", 1)
    kind = getattr(importlib.import_module(owner_module), owner)
    original = getattr(kind, name)

    def method(self, *arguments):
        calls.append(None)
        value = original(self, *arguments)
        return value * NAN if len(calls) == step + 1 else value

    monkeypatch.setattr(kind, name, method)


def parameters(folder, prefix):
    state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return torch.cat([tensor.flatten().float() for name, tensor in state.items() if name.startswith(prefix)])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("vsr.losses.pixel.PixelLoss.__call__", "generator step 1: loss term pixel is not finite"),
        ("vsr.losses.adversarial.AdversarialLoss.discriminator_loss", "step 0: discriminator temporal is not finite"),
    ],
)
def test_a_run_stops_before_any_optimiser_sees_a_broken_loss(compose, monkeypatch, target, message):
    break_at(monkeypatch, target, 1)
    with pytest.raises(UserError, match=message):
        train(compose(*TINY_ADVERSARIAL))


def test_a_skipped_step_changes_nothing_and_is_counted(compose, tmp_path, monkeypatch):
    length = ["trainer.max_steps=1", "trainer.val_every=1", "diagnosis.non_finite=skip"]
    initial = compose(*TINY, *length, "optimizer.generator.lr=0", f"output_dir={tmp_path / 'initial'}")
    train(initial)
    break_at(monkeypatch, "vsr.losses.pixel.PixelLoss.__call__", 0)
    train(compose(*TINY, *length, f"output_dir={tmp_path / 'skipped'}"))
    assert torch.equal(parameters(tmp_path / "initial", "generator"), parameters(tmp_path / "skipped", "generator"))
    state = torch.load(tmp_path / "skipped" / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["generator_steps"] == 1 and state["ema"]["updates"] == 0


def test_training_goes_on_after_a_skipped_step(compose, tmp_path, monkeypatch):
    break_at(monkeypatch, "vsr.losses.pixel.PixelLoss.__call__", 1)
    train(compose(*TINY, "diagnosis.non_finite=skip"))
    assert torch.isfinite(parameters(tmp_path / "run", "generator")).all()
    assert float(rows(tmp_path / "run")[-1]["train/skipped_steps"]) == 1
