"""Curves that no training is needed for: between two checkpoints, and over the temperature of a latent."""

import json
import logging
from dataclasses import replace

import pytest
import torch

from vsr.checkpoint_name import run_of
from vsr.degradations import Bicubic
from vsr.errors import UserError
from vsr.generators import BasicVSR, BasicVSRPlusPlus, FlowNet, Generator, Recurrent, Stochastic
from vsr.generators.load import Weights
from vsr.inference.curve import numbers
from vsr.inference.evaluator import Evaluator
from vsr.inference.interpolation import OutputsInterpolation, WeightsInterpolation
from vsr.inference.run import evaluate
from vsr.metrics import PLAIN, ClipScorer
from vsr.motion import SPyNet

SMALL = ["data=synthetic", "data.val.size=64", "data.val.frames=3", "device=cpu", "metrics=[psnr,tof]", "media=false"]


def recurrent(seed=0, channels=4, enlargement="bilinear", scale=4):
    torch.manual_seed(seed)
    return Recurrent(FlowNet(4), scale=scale, channels=channels, blocks=1, enlargement=enlargement).eval()


def basicvsr(seed=0):
    torch.manual_seed(seed)
    return BasicVSR(SPyNet("random"), channels=4, blocks=1, head_channels=4).eval()


def plus_plus(seed=0):
    torch.manual_seed(seed)
    small = {"channels": 4, "blocks": 1, "head_channels": 4, "outer_blocks": 1, "deform_groups": 2}
    return BasicVSRPlusPlus(SPyNet("random"), **small).eval()


def stochastic(seed=0):
    torch.manual_seed(seed)
    return Stochastic(recurrent(seed), latent_channels=2, width=4).eval()


@pytest.fixture
def checkpoints(monkeypatch):
    """``checkpoints(a=…, b=…)``: the generators that ``ckpt`` may name; ``trainings``: their configs, ``seconds``: how
    long these took."""

    def name(trainings=None, seconds=None, **generators):
        def load(source):
            config = (trainings or {}).get(source)
            known = Weights(
                source, {}, config and {"loss": {}, **config}, training_seconds=(seconds or {}).get(source)
            )
            return generators[source], known

        monkeypatch.setattr("vsr.inference.checkpoint.load_generator", load)

    return name


def scores(records):
    return [(record["metrics"], record["clips"]) for record in records]


@pytest.mark.parametrize("road", ["weights", "outputs"])
@pytest.mark.parametrize("make", [recurrent, stochastic])
def test_the_ends_are_the_checkpoints_themselves(compose, checkpoints, road, make):
    checkpoints(a=make(0), b=make(1))
    draws = ["temperature=1"] if make is stochastic else []
    curve = evaluate(compose("ckpt=[a,b]", f"interpolate={road}", "alphas=[0,0.5,1]", *draws, *SMALL, name="evaluate"))
    ends = evaluate(compose("ckpt=[a,b]", *draws, *SMALL, name="evaluate"))
    first, between, last = scores(curve)
    assert [first, last] == scores(ends) and first != last
    assert between not in (first, last)


@pytest.mark.parametrize("make", [recurrent, basicvsr, plus_plus, stochastic])
def test_weights_between_two_are_those_of_a_generator_that_holds_them(make):
    first, second, between = make(0), make(1), make(2)
    state = {name: 0.75 * tensor + 0.25 * second.state_dict()[name] for name, tensor in first.state_dict().items()}
    between.load_state_dict(state)
    lr = torch.rand(1, 3, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(WeightsInterpolation(first, second, 0.25)(lr), between(lr), atol=1e-5)
        assert torch.equal(WeightsInterpolation(first, second, 0.0)(lr), first(lr))
        assert torch.equal(WeightsInterpolation(first, second, 1.0)(lr), second(lr))


def test_a_tensor_of_two_names_is_interpolated_under_both():
    first, second = (recurrent(seed, enlargement="corner_bicubic") for seed in (0, 1))
    lr = torch.rand(1, 2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(WeightsInterpolation(first, second, 1.0)(lr), second(lr))


def test_outputs_are_averaged_after_clamping_and_their_mse_is_the_parabola_of_its_ends():
    """MSE(α) = (1 - α)² MSE(A) + α² MSE(B) + 2 α (1 - α) mean(e_A e_B), e being what each is off by."""
    torch.manual_seed(0)
    hr = torch.randint(256, (3, 3, 64, 64), dtype=torch.uint8)
    first, second = (1.5 * torch.rand(1, 3, 3, 64, 64) - 0.25 for _ in range(2))
    outputs = OutputsInterpolation(lambda lr: first, lambda lr: second)
    evaluator = Evaluator(Bicubic(4), ClipScorer(["mse"], replace(PLAIN, quantise=False)), scale=4)
    alphas = (0.0, 0.3, 0.5, 1.0)
    points = {str(alpha): lambda lr, alpha=alpha: outputs.at(alpha, lr) for alpha in alphas}
    result = evaluator(points, {"hr": hr, "name": "clip"})
    a, b = (sr[0].clamp(0, 1) - hr / 255 for sr in (first, second))
    for alpha in alphas:
        expected = (1 - alpha) ** 2 * a.square() + alpha**2 * b.square() + 2 * alpha * (1 - alpha) * a * b
        assert result.scores[str(alpha)].means["mse"] == pytest.approx(float(expected.mean()), rel=1e-5)


def test_each_generator_runs_once_a_clip_and_only_one_clip_is_kept():
    calls = []

    def generator(name):
        return lambda lr: (calls.append(name), torch.zeros(1, 1, 3, 4, 4))[1]

    outputs = OutputsInterpolation(generator("a"), generator("b"))
    for _ in range(2):
        lr = torch.zeros(1, 1, 3, 1, 1)
        for alpha in (0.0, 0.5, 1.0):
            outputs.at(alpha, lr)
    assert calls == ["a", "b", "a", "b"] and len(outputs.costs) == 2


@pytest.mark.parametrize(("road", "networks"), [("weights", 1), ("outputs", 2)])
def test_a_point_says_where_it_lies(compose, checkpoints, tmp_path, road, networks):
    first, second = recurrent(0), recurrent(1)
    checkpoints(a=first, b=second)
    records = evaluate(compose("ckpt=[a,b]", f"interpolate={road}", *SMALL, name="evaluate"))
    values = [record["curve"]["value"] for record in records]
    assert values == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    point = json.loads((tmp_path / "run" / f"{road}_0.3" / "results.json").read_text())
    assert point == records[3]
    curve = {"name": f"{road} interpolation", "of": ["a", "b"], "parameter": "alpha", "value": 0.3}
    assert point["curve"] == curve and point["generator"] == "Recurrent"
    assert point["parameters"] == networks * sum(parameter.numel() for parameter in first.parameters())
    for key in ("checkpoint", "config_hash", "generator_steps", "loss_weights", "training_seconds"):
        assert point[key] is None, key


@pytest.mark.parametrize(("seconds", "expected"), [({"a": 60.0, "b": 30.5}, 90.5), ({"a": 60.0}, None)])
def test_a_point_took_both_trainings(compose, checkpoints, seconds, expected):
    checkpoints(seconds=seconds, a=recurrent(), b=recurrent(1))
    (point,) = evaluate(compose("ckpt=[a,b]", "interpolate=weights", "alphas=0.5", *SMALL, name="evaluate"))
    assert point["training_seconds"] == expected


def test_temperatures_are_a_curve_of_one_checkpoint(compose, checkpoints):
    checkpoints(a=stochastic(0), b=recurrent(1))
    arguments = [*SMALL, "temperature=[0,0.5,1]"]
    records = evaluate(compose("ckpt=[a,b]", *arguments, name="evaluate"))
    assert [record["temperature"] for record in records] == [0.0, 0.5, 1.0, None]
    curve = {"name": "temperature", "of": ["a"], "parameter": "temperature"}
    assert [record["curve"] for record in records] == [*({**curve, "value": value} for value in (0.0, 0.5, 1.0)), None]
    assert len({record["metrics"]["psnr"] for record in records}) == 4
    (alone,) = evaluate(compose("ckpt=a", *SMALL, "temperature=0.5", name="evaluate"))
    assert scores([alone]) == scores(records[1:2]) and alone["curve"] is None


class Enlarge(Generator):
    """Of another architecture, and of any scale."""

    def forward(self, lr, modulation=None):
        return lr.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


def test_outputs_of_different_architectures_are_averaged(compose, checkpoints):
    checkpoints(a=recurrent(), b=Enlarge(4, 4))
    records = evaluate(compose("ckpt=[a,b]", "interpolate=outputs", "alphas=[0,1]", *SMALL, name="evaluate"))
    assert scores(records) == scores(evaluate(compose("ckpt=[a,b]", *SMALL, name="evaluate")))
    assert records[0]["generator"] == "Recurrent + Enlarge"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["ckpt=[a,other]"],
            r"a and other are of different architectures \(Recurrent and Enlarge\); interpolate=outputs",
        ),
        (["ckpt=[a,wide]"], r"different architectures \(\d+ tensors of another shape \(such as .*interpolate=outputs"),
        (["ckpt=[a,x2]", "interpolate=outputs"], "x2 was trained for x2 and a for x4"),
        (["ckpt=a"], r"interpolate=weights takes two checkpoints, as ckpt=\[runs/pixel,runs/gan\]"),
        (["ckpt=[a,b]", "interpolate=weight"], "interpolate='weight' is not known. Did you mean 'weights'"),
        (["ckpt=[a,b]", "alphas=[0,1.2]"], r"alphas=\[0, 1.2\]: expected numbers between 0 and 1"),
        (["ckpt=[a,b]", "alphas=[]"], r"alphas=\[\]: expected numbers"),
        (["ckpt=[a,b]", "interpolate=null", "alphas=[0.5]"], "set interpolate=weights or outputs"),
        (["ckpt=[a,b]", "temperature=[0,1]"], "two curves; score them one by one"),
        (["ckpt=[a,b]", "temperature=[0,1]", "interpolate=null"], "Recurrent has no latent to draw"),
        (["ckpt=latent", "temperature=[0,-1]", "interpolate=null"], r"temperature=\[0, -1\]: expected numbers from 0"),
    ],
)
def test_what_cannot_be_is_refused(compose, checkpoints, tmp_path, arguments, message):
    checkpoints(
        a=recurrent(),
        b=recurrent(1),
        other=Enlarge(4, 4),
        wide=recurrent(channels=8),
        x2=recurrent(scale=2),
        latent=stochastic(),
    )
    with pytest.raises(UserError, match=message):
        evaluate(compose("interpolate=weights", *arguments, *SMALL, name="evaluate"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("trainings", "warns"),
    [
        ({}, True),
        ({"b": {"init_from": "a"}}, False),
        ({"a": {"init_from": "b"}}, False),
        ({"a": {"init_from": "start"}, "b": {"init_from": "start"}}, False),
        ({"a": {"init_from": None}, "b": {"init_from": "another"}}, True),
    ],
)
def test_weights_that_may_have_nothing_in_common_are_warned_of(compose, checkpoints, caplog, trainings, warns):
    checkpoints(trainings, a=recurrent(), b=recurrent(1))
    with caplog.at_level(logging.WARNING):
        evaluate(compose("ckpt=[a,b]", "interpolate=weights", "alphas=[0.5]", *SMALL, name="evaluate"))
    assert ("b does not say that it was trained from a (init_from=" in caplog.text) == warns


def test_checkpoints_of_a_run_are_of_one_training(tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "best.ckpt").touch()
    (tmp_path / "x.pth").touch()
    run = tmp_path / "run"
    assert run_of(str(run)) == run_of(str(folder / "best.ckpt")) == str(run.resolve())
    assert len({run_of(str(tmp_path / "x.pth")), run_of(str(run)), run_of("an_asset")}) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0:1:0.1", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ("0:1:0.3", [0.0, 0.3, 0.6, 0.9]),
        ("0.5:0.5:1", [0.5]),
        ([1, 0.25, 1.0], [1.0, 0.25]),
        (0.5, [0.5]),
    ],
)
def test_numbers_are_listed_or_in_steps(given, expected):
    assert numbers("alphas", given, most=1) == expected


@pytest.mark.parametrize(
    "given", ["0:1", "0:1:0", "0:1:-0.1", "a:b:c", "0:2:1", ["x"], [True], [float("nan")], "1:0:0.1"]
)
def test_what_are_no_numbers_is_said(given):
    with pytest.raises(UserError, match=r"alphas=.*: expected numbers between 0 and 1, as"):
        numbers("alphas", given, most=1)
