import cv2
import numpy as np
import pytest
import torch

from vsr.degradations import Rescale
from vsr.degradations.rescale import resize
from vsr.errors import UserError

ALL = {"area": 1, "bilinear": 1, "bicubic": 1}


@pytest.mark.parametrize(("method", "flag"), [("bilinear", cv2.INTER_LINEAR), ("bicubic", cv2.INTER_CUBIC)])
@pytest.mark.parametrize("size", [(10, 18), (40, 31)])
def test_is_opencvs(method, flag, size):
    picture = np.random.default_rng(0).random((24, 20, 3), dtype=np.float32)
    expected = cv2.resize(picture, size[::-1], interpolation=flag)
    result = resize(torch.from_numpy(picture).permute(2, 0, 1)[None], size, method)
    np.testing.assert_allclose(result[0].permute(1, 2, 0), expected, atol=1e-5)


def test_area_is_the_mean_of_boxes():
    clip = torch.rand(2, 3, 12, 8, generator=torch.Generator().manual_seed(0))
    expected = clip.reshape(2, 3, 4, 3, 4, 2).mean((3, 5))
    torch.testing.assert_close(resize(clip, (4, 4), "area"), expected)


@pytest.mark.parametrize(("direction", "low", "high"), [("up", 40, 60), ("down", 6, 40), ("keep", 40, 40)])
def test_directions(direction, low, high):
    torch.manual_seed(0)
    rescale = Rescale([0.15, 1.5], {direction: 1}, ALL)
    sizes = [rescale(torch.rand(1, 3, 40, 20)).shape[-2:] for _ in range(20)]
    assert all(low <= height <= high and height % 2 == 0 and width % 2 == 0 for height, width in sizes)
    assert len(set(sizes)) > 5 or direction == "keep"


def test_factors_must_reach_both_ways():
    with pytest.raises(UserError, match="with 1 between them"):
        Rescale([1.2, 1.5], {"up": 1}, ALL)
