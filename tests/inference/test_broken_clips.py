"""Clips that turn out broken while they are scored."""

import logging

import pytest

from vsr.data import ClipDataModule
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clips
from vsr.data.sets.synthetic import SyntheticClip, SyntheticScenes
from vsr.errors import UserError
from vsr.generators.generator import Generator
from vsr.generators.load import Weights
from vsr.inference import run


class Enlarge(Generator):
    """Repeats each pixel; enough of a generator to be scored."""

    def forward(self, lr, modulation=None):
        return lr.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


class Gone(SyntheticClip):
    """Its file vanished after it was found."""

    def read(self, indices, window=None):
        why = "holiday/gone.mp4 has vanished. Put it back or remove it from the list."
        raise BrokenFileError(why, "holiday/gone.mp4")


def scenes_and_a_gap(scale, max_broken, **settings):
    first, last = SyntheticScenes(clips=2, frames=2, size=64, seed=0)
    clips = Clips([first, Gone("gone", [], 2, (64, 64)), last])
    return ClipDataModule(None, clips, name="gap", scale=scale, max_broken=max_broken)


@pytest.fixture
def score(compose, monkeypatch):
    monkeypatch.setattr("vsr.inference.checkpoint.load_generator", lambda source: (Enlarge(4, 4), Weights("x", {})))

    def evaluate(most):
        common = ["ckpt=x", "metrics=[psnr]", "media=false", "device=cpu", "data=synthetic"]
        target = [f"data._target_={__name__}.scenes_and_a_gap", f"data.max_broken={most}"]
        return run.evaluate(compose(*common, *target, name="evaluate"))[0]

    return evaluate


def test_the_others_are_scored_and_the_broken_one_is_named(score, caplog):
    with caplog.at_level(logging.WARNING):
        record = score(0.5)
    assert list(record["clips"]) == ["scene_0000", "scene_0001"]
    assert record["broken_files"] == ["holiday/gone.mp4"]
    assert "broken: holiday/gone.mp4 has vanished." in caplog.text


def test_too_many_end_the_scoring_at_once(score, tmp_path, monkeypatch):
    scored = []
    monkeypatch.setattr(run.Evaluator, "__call__", lambda *given: scored.append(given))
    with pytest.raises(UserError, match=r"1 of 3 files cannot be used, more than data\.max_broken=0\.1"):
        score(0.1)
    assert len(scored) == 1  # not the clip that comes after the broken one
    assert not (tmp_path / "run" / "results.json").exists()
