"""Evaluation from its config: what is scored, and what is said of it."""

import cv2
import numpy as np
import pytest
from hydra.utils import instantiate

from vsr.errors import UserError
from vsr.generators.generator import Generator
from vsr.generators.load import Weights
from vsr.inference import run
from vsr.inference.results import config_hash


class Enlarge(Generator):
    """Repeats each pixel; enough of a generator to be scored."""

    def forward(self, lr, modulation=None):
        return lr.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2)


@pytest.fixture
def checkpoint(monkeypatch):
    """``checkpoint(config)``: from now on every checkpoint is an x4 `Enlarge` of that training config."""

    def stand_in(config):
        monkeypatch.setattr(run, "load_generator", lambda source: (Enlarge(4, 4), Weights(source, {}, config)))

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
    record = run.evaluate(
        compose("ckpt=x", "data=frame_folder", "data.workers=0", f"data.root={clips}", *arguments, name="evaluate")
    )
    assert record["config_hash"] == (config and config_hash(config))


def test_another_scale_than_the_checkpoints_is_refused(compose, checkpoint, tmp_path):
    checkpoint(None)
    with pytest.raises(UserError, match=r"scale=2: x was trained for x4"):
        run.evaluate(compose("ckpt=x", "scale=2", "data=synthetic", name="evaluate"))
    assert not (tmp_path / "run").exists()
