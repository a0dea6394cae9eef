"""Scoring on other LR than the weights were trained on is said, and nothing is said without need."""

import json
import logging

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from vsr.data import ClipDataModule
from vsr.data.clip import Clips
from vsr.data.paired import PairedClip
from vsr.data.sets.synthetic import SyntheticScenes
from vsr.degradations import Bicubic, BlurSubsample
from vsr.errors import UserError
from vsr.generators import BasicVSR
from vsr.generators.generator import Generator
from vsr.generators.load import Weights, read_weights
from vsr.inference import run
from vsr.inference.lr_origin import LROrigin
from vsr.motion import SPyNet

BI, BD = Bicubic(4).recipe(), BlurSubsample(4, "matlab").recipe()


class Enlarge(Generator):
    """Repeats each pixel; enough of a generator to be scored."""

    def forward(self, lr, modulation=None):
        return lr.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


def scenes_with_lr(lr_is=None, train=None, **settings):
    """A data set that brings LR; `lr_is` is for the record only, as in every data set."""
    hr, lr = (SyntheticScenes(clips=1, frames=2, size=size, seed=0) for size in (64, 16))
    pairs = Clips([PairedClip(*pair) for pair in zip(hr, lr, strict=True)])
    return ClipDataModule(train, pairs, name="paired", scale=settings["scale"])


@pytest.fixture
def score(compose, monkeypatch, caplog, tmp_path):
    """``score(trained, *overrides)``: warnings of a scoring of weights that were trained on LR of ``trained``, and
    what ``results.json`` holds."""

    def evaluate(trained, *overrides):
        weights = Weights("x", {}, degradation=trained)
        monkeypatch.setattr("vsr.inference.checkpoint.load_generator", lambda source: (Enlarge(4, 4), weights))
        small = ["data=synthetic", "data.val.clips=1", "data.val.frames=2", "data.val.size=64"]
        common = ["ckpt=x", "metrics=[psnr]", "media=false", "device=cpu"]
        with caplog.at_level(logging.WARNING):
            run.evaluate(compose(*small, *common, *overrides, name="evaluate"))
        record = json.loads((tmp_path / "run" / "results.json").read_text())
        return [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING], record

    return evaluate


GIVEN = [f"data._target_={__name__}.scenes_with_lr", "data.train=null"]


def test_weights_of_another_degradation_are_scored_with_a_warning(score):
    (line,), record = score(BI, "degradation=blur_subsample")
    assert line == (
        "x: scored on other LR than these weights were trained on: degradation "
        "(blur_subsample_matlab, in training bicubic). Set degradation= as it was in training."
    )
    assert record["degradation"] == "blur_subsample_matlab"
    assert record["trained_degradation"] == "bicubic"
    assert record["degradation_differences"] == ["name"]


def test_weights_of_the_same_degradation_are_scored_in_silence(score):
    warnings, record = score(BD, "degradation=blur_subsample")
    assert warnings == []
    assert record["trained_degradation"] == record["degradation"] == "blur_subsample_matlab"
    assert record["degradation_differences"] == []


def test_nothing_is_said_of_weights_of_unknown_training(score):
    warnings, record = score(None, "degradation=blur_subsample")
    assert warnings == []
    assert record["trained_degradation"] is None
    assert record["degradation_differences"] is None


def test_given_lr_is_what_its_data_set_says(score):
    (line,), record = score(BD, *GIVEN, "+data.lr_is=bicubic")
    assert "degradation (bicubic, in training blur_subsample_matlab)" in line
    assert "data.lr=null" in line
    assert record["degradation"] == "bicubic"


def test_given_lr_counts_and_not_the_degradation_that_is_not_run(score):
    warnings, _ = score(BD, *GIVEN, "+data.lr_is=blur_subsample_matlab", "degradation=bicubic")
    assert warnings == []


def test_given_lr_of_unknown_making(score):
    (line,), record = score(BD, *GIVEN)
    assert "what made the given LR is not known" in line and "(blur_subsample_matlab)" in line
    assert score(None, *GIVEN)[1]["degradation"] == "given LR"
    assert record["degradation"] == "given LR"


def test_given_lr_of_a_making_that_does_not_exist(score):
    with pytest.raises(UserError, match=r"data\.lr_is='bicubick'.*Did you mean 'bicubic'"):
        score(BD, *GIVEN, "+data.lr_is=bicubick")


def test_two_cameras_differ_in_the_keys_that_were_set(compose):
    def camera(*overrides):
        config = OmegaConf.to_container(compose("degradation=camera", *overrides), resolve=True)
        return instantiate(config["degradation"])

    trained = camera("degradation.operations.first_jpeg=null").recipe()
    here = camera("degradation.operations.first_noise.sigma=[1,9]")
    warning = LROrigin.of({}, False, here, trained).warning
    assert "first_noise.sigma ([1.0, 9.0, 0.0], in training [1.0, 30.0, 0.1])" in warning
    assert "first_jpeg (another, in training none)" in warning
    assert warning.count(", in training") == 2
    plain = LROrigin.of({}, False, here, BI).warning
    assert plain.count(", in training") == 1  # and not the ten operations that bicubic has not


def test_a_checkpoint_brings_the_recipe_of_its_training(tmp_path):
    generator = BasicVSR(SPyNet("random"), channels=4, blocks=1, head_channels=4)
    state = {f"generator.{name}": tensor for name, tensor in generator.state_dict().items()}
    content = {"state_dict": state, "config": {}, "generator_steps": 3}
    torch.save(content | {"degradation": BD}, tmp_path / "new.ckpt")
    torch.save(content, tmp_path / "old.ckpt")
    assert read_weights(str(tmp_path / "new.ckpt")).degradation == BD
    assert read_weights(str(tmp_path / "old.ckpt")).degradation is None


def test_a_published_file_is_known_by_its_name(tmp_path):
    generator = BasicVSR(SPyNet("random"), channels=4, blocks=1, head_channels=4)
    for file, expected in (("BasicVSR_Vimeo90K_BDx4.pth", BD), ("BasicVSR_REDS4.pth", BI), ("mine.pth", None)):
        torch.save({"params": generator.state_dict()}, tmp_path / file)
        assert read_weights(str(tmp_path / file)).degradation == expected
