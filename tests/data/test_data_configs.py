from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf

from vsr.data import ClipDataModule
from vsr.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"
DATA = sorted(file.stem for file in (CONFIGS / "data").glob("*.yaml"))
OF_A_FOLDER = [name for name in DATA if name not in ("sample", "synthetic")]


@pytest.mark.parametrize("name", OF_A_FOLDER)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_every_config_of_a_folder_asks_for_the_folder(compose, name, command):
    with pytest.raises(hydra.errors.InstantiationException) as caught:
        hydra.utils.instantiate(compose(f"data={name}", "scale=4", name=command).data)
    assert isinstance(caught.value.__cause__, UserError)
    key = "data.parts.NAME.root" if name == "mixture" else "data.root"
    assert f"{key}=FOLDER" in str(caught.value.__cause__)


@pytest.mark.parametrize("name", DATA)
def test_every_config_has_what_the_commands_set(compose, name):
    data = compose(f"data={name}").data
    keys = set(data)
    assert {"_target_", "name", "scale", "workers", "train", "max_val_frames", "max_val_clips"} <= keys
    trains = data.train is not None
    assert trains == ({"frames", "crop", "batch_size", "seed", "strides", "mirror", "max_broken"} <= keys)


def test_the_shared_keys_can_be_set_and_seen(compose):
    data = compose("data=frame_folder", "data.crop=64", "data.strides=[1,2]", "seed=7").data
    assert (data.crop, data.strides, data.seed, data.name) == (64, [1, 2], 7, "frame_folder")


def test_a_misspelt_data_set_lists_data_sets_only(outcome):
    line = outcome("data=vimeo")
    assert "data=vimeo is not known. Did you mean 'vimeo90k'" in line
    assert line.partition("Valid: ")[2] == ", ".join(DATA) + "."


def test_a_misspelt_shared_key_is_refused(outcome):
    assert "data.corp is not a key of the configuration. Did you mean 'data.crop'" in outcome(
        "data=reds", "data.corp=64"
    )


def test_a_mixture_takes_one_more_part_of_a_kind(compose):
    data = compose("data=mixture", "+data/part@data.parts.more=videos", "data.parts.more.root=/x").data
    assert data.parts.more.root == "/x"
    assert data.parts.videos.root is None
    assert data.parts.more.kind == data.parts.videos.kind


def test_vimeo90k_is_scored_by_its_protocol(compose):
    data = compose("data=vimeo90k", name="evaluate").data
    assert (list(data.scored), data.mirror_val, data.max_val_clips) == ([3], True, None)


def test_synthetic_data_is_built_from_its_config(compose):
    data = hydra.utils.instantiate(compose("data=synthetic").data)
    assert isinstance(data, ClipDataModule)
    assert data.train_clips[0]["hr"].shape == (5, 3, 128, 128)
    assert data.val_clips[1]["hr"].shape == (10, 3, 128, 128)


@pytest.mark.pretrained
def test_sample_data_is_built_from_its_config(compose):
    data = hydra.utils.instantiate(compose("data=sample").data)
    assert data.train_clips[0]["hr"].shape == (5, 3, 128, 128)
    assert data.val_clips[0]["hr"].shape == (30, 3, 144, 176)


def test_bicubic_follows_scale(compose):
    degradation = hydra.utils.instantiate(compose("degradation=bicubic", "scale=3").degradation)
    assert degradation.recipe() == {"name": "bicubic", "scale": 3, "quantise": True}


def test_configs_are_recipes(compose):
    """What a person sees of a job is the data set's own keys and values, with nothing left to resolve."""
    shown = OmegaConf.to_yaml(compose("data=reds").data, resolve=True)
    assert "${" not in shown
    assert "split: REDS4" in shown
