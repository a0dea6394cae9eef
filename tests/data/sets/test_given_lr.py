"""What made given LR is said of the folder that it lies in, and of no other."""

import pytest
from omegaconf import OmegaConf

from vsr.errors import UserError
from vsr.inference.lr_origin import LROrigin


@pytest.fixture
def origin(compose):
    """``origin(*overrides)``: the degradation that a scoring on given LR is recorded with."""

    def of(*overrides):
        config = OmegaConf.to_container(compose("scale=4", *overrides, name="evaluate"), resolve=True)
        return LROrigin.of(config, True, None, None).record["degradation"]

    return of


@pytest.mark.parametrize(
    ("name", "lr", "made_by"),
    [
        ("vid4", "BIx4", "bicubic"),
        ("vid4", "BDx4", "blur_subsample_matlab"),
        ("vid4", "BDx4/*", "blur_subsample_matlab"),
        ("vid4", "mine", "given LR"),
        ("udm10", "BDx4", "blur_subsample_matlab"),
        ("udm10", "BIx4", "bicubic"),
        ("udm10", "'*/blur4'", "given LR"),
        ("spmcs", "'*/input4'", "bicubic"),
        ("spmcs", "'*/input4_noisy'", "given LR"),
        ("reds", "sharp_bicubic/X4", "bicubic"),
        ("reds", "blur_bicubic/X4", "given LR"),
        ("vimeo90k", "/x/vimeo_septuplet_matlabLRx4", "bicubic"),
        ("vimeo90k", "/x/vimeo_septuplet_matlabLRx4/sequences/", "bicubic"),
        ("vimeo90k", "BDx4", "blur_subsample_matlab"),
        ("vimeo90k", "/x/lr", "given LR"),
    ],
)
def test_a_folder_of_another_name_is_not_taken_for_the_published_one(origin, name, lr, made_by):
    assert origin(f"data={name}", f"data.lr={lr}") == made_by


def test_what_the_user_says_counts(origin):
    assert origin("data=vid4", "data.lr=mine", "data.lr_is=blur_subsample_duf") == "blur_subsample_duf"
    assert origin("data=vid4", "data.lr_is=null") == "given LR"
    assert origin("data=vid4", "data.lr=mine", "+data.lr_is.mine=bicubic") == "bicubic"
    with pytest.raises(UserError, match=r"data\.lr_is='bicubick'.*Did you mean 'bicubic'"):
        origin("data=vid4", "data.lr_is=bicubick")


@pytest.mark.parametrize("name", ["paired", "lmdb", "mixture"])
def test_of_lr_of_ones_own_nothing_is_said_without_being_told(origin, name):
    assert origin(f"data={name}") == "given LR"
    assert origin(f"data={name}", "data.lr_is=bicubic") == "bicubic"
