import cv2
import numpy as np
import pytest
import torch

from vsr import assets
from vsr.errors import UserError
from vsr.features import i3d, vgg16
from vsr.losses import Comparison, LossStack, PerceptualLoss, Schedule, VideoPerceptualLoss

LAYERS = {"Conv3d_1a_7x7": 1.0, "MaxPool3d_3a_3x3": 0.5}


@pytest.fixture
def hr():
    return torch.rand(2, 3, 3, 32, 40, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def sr(hr):
    noise = torch.randn(hr.shape, generator=torch.Generator().manual_seed(1))
    return (hr + 0.1 * noise).requires_grad_()


def comparison(sr, hr, *terms):
    layers = {}
    for term in terms:
        for network, names in term.feature_layers().items():
            layers[network] = (*layers.get(network, ()), *names)
    return Comparison(sr, hr, hr[..., ::4, ::4], layers)


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
def test_it_is_the_weighted_distance_between_what_the_network_sees_in_the_two_clips(distance, power, sr, hr):
    loss = VideoPerceptualLoss(i3d("random"), LAYERS, distance)
    value = loss(comparison(sr, hr, loss))
    with torch.no_grad():
        of_sr, of_hr = i3d("random")(sr, LAYERS), i3d("random")(hr, LAYERS)
    by_hand = sum(w * np.mean(np.abs((of_sr[n] - of_hr[n]).numpy()) ** power) for n, w in LAYERS.items())
    assert value.item() == pytest.approx(by_hand, rel=1e-4)


def test_equal_clips_cost_nothing_and_the_gradient_goes_to_sr_alone(sr, hr):
    loss = VideoPerceptualLoss(i3d("random"), LAYERS)
    assert loss(comparison(hr, hr, loss)) == 0
    hr.requires_grad_()
    loss(comparison(sr, hr, loss)).backward()
    assert torch.isfinite(sr.grad).all()
    assert (sr.grad.abs().sum((2, 3, 4)) > 0).all()  # every frame of every clip
    assert hr.grad is None
    assert all(parameter.grad is None for parameter in i3d("random").parameters())


def test_unlike_a_term_on_frames_it_depends_on_their_order(sr, hr):
    shuffled = [1, 2, 0]
    changes = {}
    for term in (VideoPerceptualLoss(i3d("random"), LAYERS), PerceptualLoss(vgg16("random"), {"relu1_1": 1.0})):
        before = term(comparison(sr, hr, term)).item()
        after = term(comparison(sr[:, shuffled], hr[:, shuffled], term)).item()
        changes[term.name] = abs(after / before - 1)
    assert changes["perceptual"] < 1e-5
    assert changes["video_perceptual"] > 1e-2


def test_it_shares_the_clips_with_terms_on_frames_and_runs_each_network_once_a_side(sr, hr):
    runs = []
    networks = {"frames": vgg16("random"), "clips": i3d("random")}
    hooks = [n.register_forward_hook(lambda m, x, _: runs.append((m.reads, x[0].ndim))) for n in networks.values()]
    terms = {
        "perceptual": PerceptualLoss(networks["frames"], {"relu1_1": 1.0}),
        "video_perceptual": VideoPerceptualLoss(networks["clips"], {"Conv3d_1a_7x7": 1.0}),
        "deeper": VideoPerceptualLoss(networks["clips"], {"Conv3d_2b_1x1": 1.0}),
    }
    stack = LossStack(terms, dict.fromkeys(terms, Schedule(1.0)))
    try:
        loss = stack(stack.compare(sr, hr, hr[..., ::4, ::4], step=0), step=0)
    finally:
        for hook in hooks:
            hook.remove()
    assert sorted(runs) == [("clips", 5)] * 2 + [("frames", 4)] * 2
    assert loss.total.item() == pytest.approx(sum(value.item() for value in loss.unweighted.values()))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_networks_give_the_same_loss_in_float32(dtype, hr):
    loss = VideoPerceptualLoss(i3d("random"), {"Conv3d_1a_7x7": 1.0})
    sr, hr = torch.rand_like(hr[:1, :2]), hr[:1, :2]
    full = loss(comparison(sr, hr, loss))
    with torch.autocast("cpu", dtype):
        half = loss(comparison(sr, hr, loss))
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, rtol=0.01, atol=0)


def test_wrong_networks_and_layers_are_refused_by_the_terms_own_name():
    with pytest.raises(UserError, match=r"loss\.video_perceptual\.network=vgg16 reads single frames"):
        VideoPerceptualLoss(vgg16("random"), {"relu1_1": 1.0})
    with pytest.raises(UserError, match=r"loss\.video_perceptual\.layers='mixed_3b'.*Did you mean 'Mixed_3b'"):
        VideoPerceptualLoss(i3d("random"), {"mixed_3b": 1.0})
    with pytest.raises(UserError, match=r"loss\.video_perceptual\.distance"):
        VideoPerceptualLoss(i3d("random"), {"Mixed_3b": 1.0}, distance="l3")


@pytest.mark.pretrained
def test_it_is_no_flicker_penalty():
    """What the docstring warns of: an error that changes sign from frame to frame costs less than a standing one."""
    video = cv2.VideoCapture(str(assets.fetch("sample_carphone")))
    frames = [video.read()[1][:128, :128, ::-1] for _ in range(6)]
    hr = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[None] / 255
    error = 0.03 * torch.randn(1, 1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    sign = torch.tensor([1.0, -1.0] * 3).view(1, 6, 1, 1, 1)
    loss = VideoPerceptualLoss(i3d(), {"Conv3d_1a_7x7": 1.0})
    with torch.no_grad():
        standing, flickering = (loss(comparison(hr + e, hr, loss)) for e in (error, error * sign))
    assert 0 < flickering < standing
