import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from vsr import assets
from vsr.degradations import Bicubic, BlurSubsample, Camera, Jpeg, Noise
from vsr.degradations.recipe import differences, published
from vsr.errors import UserError


def test_equal_recipes_differ_in_nothing():
    noise = Noise([1, 30, 0.1], [0.05, 3])
    one, other = (Camera(4, {"noise": noise, "jpeg": Jpeg([30, 95])}).recipe() for _ in range(2))
    assert differences(one, other) == {}


def test_what_a_file_makes_of_numbers_is_no_difference():
    assert differences({"a": {"range": (1, 2.0, (3,))}, "b": 1}, {"a": {"range": [1.0, 2, [3.0]]}, "b": 1.0}) == {}
    assert differences({"range": [1, 2]}, {"range": [1, 3]}) == {"range": ([1, 2], [1, 3])}


def test_keys_are_named_where_they_nest():
    one = Camera(4, {"jpeg": Jpeg([30, 95]), "noise": Noise([1, 2], [1, 2])}).recipe()
    other = Camera(4, {"jpeg": Jpeg([50, 95])}, quantise=False).recipe()
    found = differences(one, other)
    assert list(found) == ["quantise", "jpeg.quality", "noise"]
    assert found["jpeg.quality"] == ([30, 95, 0], [50, 95, 0])
    assert found["noise"][1] is None
    assert differences(other, one)["noise"][0] is None


def test_every_recipe_survives_a_checkpoint(tmp_path, compose):
    for choice in ("bicubic", "blur_subsample", "camera"):
        cfg = OmegaConf.to_container(compose(f"degradation={choice}"), resolve=True)
        recipe = instantiate(cfg["degradation"]).recipe()
        torch.save({"degradation": recipe}, tmp_path / "file.ckpt")
        loaded = torch.load(tmp_path / "file.ckpt", weights_only=True)["degradation"]
        assert differences(loaded, recipe) == {}


@pytest.mark.parametrize(
    ("asset", "degradation"),
    [
        ("basicvsr_vimeo90k_bi", Bicubic(4)),
        ("basicvsr_vimeo90k_bd", BlurSubsample(4, "matlab")),
        ("basicvsr_reds4", Bicubic(4)),
    ],
)
def test_published_weights_know_what_they_were_trained_on(asset, degradation):
    assert assets.ASSETS[asset].degradation == degradation.recipe()


def test_published_lr_has_the_recipe_of_the_degradation_that_makes_it():
    assert published("data.lr_is", "bicubic", 4) == Bicubic(4).recipe()
    for variant in ("duf", "matlab"):
        name = f"blur_subsample_{variant}"
        assert published("data.lr_is", name, 3) == BlurSubsample(3, variant).recipe()
    with pytest.raises(UserError, match=r"data\.lr_is='bicubik'.*Did you mean 'bicubic'"):
        published("data.lr_is", "bicubik", 4)
