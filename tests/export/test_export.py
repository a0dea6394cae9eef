"""Generators for other programs, and back."""

import importlib.util

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.export import onnx_file
from vsr.export.onnx_file import NEEDED, write_onnx
from vsr.export.run import export
from vsr.generators import BasicVSR, BasicVSRPlusPlus, FlowNet, Recurrent, Stochastic
from vsr.generators import load as loading
from vsr.generators.load import load_generator, read_weights
from vsr.inference.checkpoint import Checkpoint
from vsr.inference.interpolation import WeightsInterpolation
from vsr.motion import SPyNet
from vsr.training.run import train

onnx_is_here = all(importlib.util.find_spec(name) for name in NEEDED)
needs_onnx = pytest.mark.skipif(not onnx_is_here, reason="needs the extra `export`")


def basicvsr():
    return BasicVSR(SPyNet("random"), channels=4, blocks=1, head_channels=4)


def plus_plus():
    return BasicVSRPlusPlus(SPyNet("random"), channels=4, blocks=1, head_channels=4, outer_blocks=1, deform_groups=2)


def recurrent(scale=4, enlargement="bilinear"):
    return Recurrent(FlowNet(4), scale=scale, channels=4, blocks=1, enlargement=enlargement)


@pytest.fixture
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def options(compose, tmp_path):
    """``options(ckpt=…)``: the config of the command."""

    def make(**given):
        cfg = compose(name="export")
        for key, value in {"output": str(tmp_path / "out.safetensors"), **given}.items():
            cfg[key] = value
        return cfg

    return make


def test_a_runs_weights_come_back_with_all_that_is_known_of_them(compose, options, tmp_path):
    train(compose(*TINY, "optimizer.ema_decay=0.5", "trainer.max_steps=2"))
    run = str(tmp_path / "run")
    path = export(options(ckpt=run))
    original, known = load_generator(run)
    loaded, weights = load_generator(str(path))
    lr = torch.rand(1, 2, 3, 16, 16)
    assert torch.equal(loaded(lr), original(lr))
    assert weights.config == known.config and weights.generator_steps == 2
    assert weights.degradation == known.degradation and weights.degradation["name"] == "bicubic"
    assert Checkpoint(loaded, weights).loss_weights == {"pixel": 1.0}
    assert not (tmp_path / "run" / "hydra").exists()


def test_what_lies_between_two_checkpoints_is_one_that_can_be_used(options, tmp_path, seeded):
    generators = {}
    for name in "ab":
        generators[name] = basicvsr().eval()
        torch.save({"params": generators[name].state_dict()}, tmp_path / f"{name}.pth")
    path = export(options(ckpt=[str(tmp_path / f"{name}.pth") for name in "ab"], alpha=0.25))
    loaded, weights = load_generator(str(path))
    lr = torch.rand(1, 2, 3, 16, 16)
    assert torch.equal(loaded(lr), WeightsInterpolation(generators["a"], generators["b"], 0.25)(lr))
    assert weights.generator_steps is None and weights.training_seconds is None
    assert path.stat().st_mode & 0o044 == 0o044  # for others, too


def test_published_weights_come_back_too(options, tmp_path, seeded):
    original = recurrent(enlargement="corner_bicubic").eval()  # two names for one tensor
    torch.save({"params": original.state_dict()}, tmp_path / "x.pth")
    path = export(options(ckpt=str(tmp_path / "x.pth")))
    loaded, weights = load_generator(str(path))
    lr = torch.rand(1, 3, 3, 16, 16)
    assert torch.equal(loaded(lr), original(lr))
    assert weights.config is None and weights.generator_steps is None
    assert load_file(path).keys() == original.state_dict().keys()


def test_a_file_of_a_schema_to_come_is_named(options, tmp_path, monkeypatch):
    torch.save({"params": basicvsr().state_dict()}, tmp_path / "x.pth")
    monkeypatch.setattr("vsr.export.run.CHECKPOINT_SCHEMA", loading.CHECKPOINT_SCHEMA + 1)
    path = export(options(ckpt=str(tmp_path / "x.pth")))
    with pytest.raises(UserError, match=r"out\.safetensors: a checkpoint of version 2, this program reads up to 1"):
        read_weights(str(path))


def test_metadata_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file(basicvsr().state_dict(), path, metadata={"format": "pt"})
    assert read_weights(str(path)).config is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ckpt": None}, "ckpt is not set; exporting takes ckpt= and output="),
        ({"output": None}, "output is not set"),
        ({"ckpt": ["a", "b"]}, r"ckpt=\['a', 'b'\]: one checkpoint is exported at a time"),
        ({"alpha": 0.5}, "alpha=0.5 lies between two checkpoints, as ckpt="),
        ({"ckpt": ["weights.pth", "weights.pth"], "alpha": 1.5}, "expected numbers between 0 and 1"),
        ({"output": "x.pth"}, r"output=x\.pth: the name must end in \.safetensors or \.onnx"),
        ({"output": "x.onnx", "size": [8, 320]}, r"size=\[8, 320\]: expected \[height,width\], each at least 16"),
        ({"output": "x.onnx", "size": 64}, "size=64: expected"),
        ({"output": "x.onnx", "frames": 0}, "frames=0 must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(options, tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    torch.save({"params": basicvsr().state_dict()}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=message):
        export(options(**{"ckpt": "weights.pth", **given}))
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


def test_what_exists_is_not_replaced_unasked(options, tmp_path):
    torch.save({"params": basicvsr().state_dict()}, tmp_path / "x.pth")
    (tmp_path / "out.safetensors").write_text("precious")
    with pytest.raises(UserError, match=r"exists\. Choose another name, or set overwrite=true"):
        export(options(ckpt=str(tmp_path / "x.pth")))
    assert (tmp_path / "out.safetensors").read_text() == "precious"
    export(options(ckpt=str(tmp_path / "x.pth"), overwrite=True))
    assert load_file(tmp_path / "out.safetensors")


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "NEEDED", ("torch", "no_such_package"))
    with pytest.raises(
        UserError, match=r"ONNX needs no_such_package: install them with `pip install -e \.\[export\]`"
    ):
        write_onnx(basicvsr(), tmp_path / "x.onnx", (16, 16), 2)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [basicvsr, plus_plus, recurrent, lambda: recurrent(3, "corner_bicubic"), lambda: Stochastic(recurrent())],
    ids=["BasicVSR", "BasicVSR++", "recurrent", "recurrent x3, corner", "stochastic"],
)
def test_onnxruntime_gives_the_same_sr(make, tmp_path, seeded):
    """On frames of its own, by itself: what `write_onnx` measures is not taken for granted."""
    import onnxruntime

    generator = make().eval()
    path = tmp_path / "x.onnx"
    assert write_onnx(generator, path, (20, 36), 3) < 1e-5
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["scale"] == str(generator.scale)
    lr = torch.rand(1, 3, 3, 20, 36)
    with torch.no_grad():
        expected = generator(lr)
    if not generator.causal:
        sr = torch.from_numpy(session.run(["sr"], {"lr": lr.numpy()})[0])
    else:
        names = [given.name for given in session.get_inputs()[1:]]
        state = {given.name: torch.zeros(given.shape).numpy() for given in session.get_inputs()[1:]}
        frames = []
        for frame in lr.unbind(1):
            made, *after = session.run(None, {"lr": frame.numpy(), **state})
            state = dict(zip(names, after, strict=True))
            frames.append(torch.from_numpy(made))
        sr = torch.stack(frames, 1)
    assert torch.allclose(sr, expected, atol=1e-5)


@needs_onnx
@pytest.mark.slow
def test_a_file_that_gives_another_sr_is_not_written(options, tmp_path, monkeypatch, seeded):
    torch.save({"params": recurrent().state_dict()}, tmp_path / "x.pth")
    monkeypatch.setattr(onnx_file, "_run", lambda path, lr, step: torch.zeros(1, 4, 3, 64, 64))
    with pytest.raises(UserError, match=r"Recurrent as ONNX gives another SR \(it differs by"):
        export(options(ckpt=str(tmp_path / "x.pth"), output=str(tmp_path / "out.onnx"), size=[16, 16]))
    assert [path.name for path in tmp_path.iterdir()] == ["x.pth"]
