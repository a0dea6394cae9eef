import os
from pathlib import Path

import cv2
import pytest
import references
import torch

from vsr.errors import UserError
from vsr.metrics import Lpips

PICTURES = Path(os.environ["VSR_TEST_DATA"], "lpips") if "VSR_TEST_DATA" in os.environ else None


def picture(name):
    bgr = cv2.imread(str(PICTURES / f"{name}.png"))
    return torch.from_numpy(bgr[..., ::-1].copy()).permute(2, 0, 1)[None] / 255


@pytest.mark.pretrained
@pytest.mark.skipif(PICTURES is None, reason="VSR_TEST_DATA is not set: the three LPIPS pictures are not at hand")
@pytest.mark.parametrize(
    ("net", "near", "far"),
    # The first pair is what the authors' README prints (0.138, 0.722) to more digits.
    [("alex", 0.137566, 0.721881), ("vgg", 0.421664, 0.568613)],
)
def test_the_example_pictures_score_as_published(net, near, far):
    scores = Lpips(net)(torch.cat([picture("ex_p1"), picture("ex_p0")]), picture("ex_ref").expand(2, -1, -1, -1))
    torch.testing.assert_close(scores, torch.tensor([near, far]), atol=2e-4, rtol=0)


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_it_is_that_of_the_authors_on_odd_sides(net):
    torch.manual_seed(0)
    sr, hr = (torch.randint(256, (2, 45, 63, 3), dtype=torch.uint8).numpy() for _ in range(2))
    expected = [references.lpips_of(net, *frames, "random") for frames in zip(sr, hr, strict=True)]
    ours = Lpips(net, "random")(references.tensors(sr), references.tensors(hr))
    assert ours.tolist() == pytest.approx(expected, rel=1e-4)


def test_each_frame_is_scored_by_itself():
    torch.manual_seed(0)
    hr = torch.rand(3, 3, 64, 64)
    sr = hr + torch.tensor([0.0, 0.05, 0.3])[:, None, None, None] * torch.randn_like(hr)
    scores = Lpips("alex", weights="random")(sr, hr)
    assert scores.shape == (3,)
    assert scores[0] == 0
    assert 0 < scores[1] < scores[2]


def test_random_weights_are_the_same_in_every_process_and_leave_the_seed_alone():
    from vsr.features.alexnet import _alexnet

    sr, hr = torch.rand(2, 1, 3, 32, 32)
    scores = []
    for seed in (1, 2):
        _alexnet.cache_clear()
        torch.manual_seed(seed)
        scores.append(Lpips("alex", weights="random")(sr, hr))
        drawn = torch.rand(4)
        torch.manual_seed(seed)
        assert torch.equal(drawn, torch.rand(4))
    assert torch.equal(*scores)


def test_a_network_built_in_inference_mode_can_be_trained_through_later():
    from vsr.features.alexnet import _alexnet

    sr, hr = torch.rand(2, 1, 3, 32, 32)
    _alexnet.cache_clear()
    with torch.inference_mode():
        metric = Lpips("alex", weights="random")
        metric(sr, hr)
    metric(sr.requires_grad_(), hr).sum().backward()
    assert sr.grad.abs().sum() > 0


def test_autocast_does_not_reach_the_network():
    metric = Lpips("alex", weights="random")
    sr, hr = torch.rand(2, 1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = metric(sr, hr)
    assert torch.equal(under_autocast, metric(sr, hr))


@pytest.mark.parametrize(("net", "smallest"), [("alex", 31), ("vgg", 16)])
def test_smallest_frame_works_and_a_smaller_one_is_refused(net, smallest):
    metric = Lpips(net, weights="random")
    assert metric(*torch.rand(2, 1, 3, smallest, smallest)).isfinite().all()
    with pytest.raises(UserError, match=f"{smallest - 1}x40 is too small for .* the smallest side is {smallest} px"):
        metric(*torch.rand(2, 1, 3, smallest - 1, 40))


def test_unknown_net_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'alex'"):
        Lpips("alexnet")
