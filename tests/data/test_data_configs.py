from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf

from vsr.data import ClipDataModule
from vsr.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"


def node(group, name, **overrides):
    cfg = OmegaConf.create({"scale": 4, "seed": 0, group: OmegaConf.load(CONFIGS / group / f"{name}.yaml")})
    OmegaConf.set_struct(cfg, True)
    for key, value in overrides.items():
        OmegaConf.update(cfg, f"{group}.{key}", value)
    return cfg[group]


def test_synthetic_data_is_built_from_its_config():
    data = hydra.utils.instantiate(node("data", "synthetic"))
    assert isinstance(data, ClipDataModule)
    assert data.train_clips[0]["hr"].shape == (5, 3, 128, 128)
    assert data.val_clips[1]["hr"].shape == (10, 3, 128, 128)


@pytest.mark.pretrained
def test_sample_data_is_built_from_its_config():
    data = hydra.utils.instantiate(node("data", "sample"))
    assert data.train_clips[0]["hr"].shape == (5, 3, 128, 128)
    assert data.val_clips[0]["hr"].shape == (30, 3, 144, 176)


@pytest.mark.parametrize("name", ["frame_folder", "video_folder", "vid4"])
def test_a_folder_that_was_not_given_is_asked_for(name):
    with pytest.raises(hydra.errors.InstantiationException) as caught:
        hydra.utils.instantiate(node("data", name))
    assert isinstance(caught.value.__cause__, UserError)
    assert "data.root=FOLDER" in str(caught.value.__cause__)


def test_bicubic_follows_scale():
    degradation = hydra.utils.instantiate(node("degradation", "bicubic"))
    assert degradation.recipe() == {"name": "bicubic", "scale": 4, "quantise": True}
