import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vsr.discriminators import UNetDiscriminator
from vsr.errors import UserError

NORMED = range(1, 9)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def real_esrgan(x, weights, bias0, bias9):
    """Section 3.3 and figure 6 of the paper, layer by layer; sides must be multiples of 8."""

    def layer(x, number, **how):
        return F.leaky_relu(F.conv2d(x, weights[number], **how), 0.2)

    def doubled(x):
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    x0 = F.leaky_relu(F.conv2d(x, weights[0], bias0, padding=1), 0.2)
    x1 = layer(x0, 1, stride=2, padding=1)
    x2 = layer(x1, 2, stride=2, padding=1)
    x3 = layer(x2, 3, stride=2, padding=1)
    x4 = layer(doubled(x3), 4, padding=1) + x2
    x5 = layer(doubled(x4), 5, padding=1) + x1
    x6 = layer(doubled(x5), 6, padding=1) + x0
    return F.conv2d(layer(layer(x6, 7, padding=1), 8, padding=1), weights[9], bias9, padding=1)


def test_logits_are_those_of_the_paper_s_network():
    unet = UNetDiscriminator(channels=4).double().eval()
    raw = [c.parametrizations.weight.original if i in NORMED else c.weight for i, c in enumerate(unet.convolutions)]
    sigma = [c.parametrizations.weight[0] if i in NORMED else None for i, c in enumerate(unet.convolutions)]
    # σ from the power iteration's own vectors: u·Wv
    weights = [w if s is None else w / (s._u @ w.flatten(1) @ s._v) for w, s in zip(raw, sigma, strict=True)]
    frames = torch.rand(2, 3, 24, 40, dtype=torch.float64)
    expected = real_esrgan(frames, weights, unet.convolutions[0].bias, unet.convolutions[9].bias)
    torch.testing.assert_close(unet(frames).logits, expected, rtol=1e-10, atol=1e-12)


def test_layers_are_those_of_real_esrgan():
    convolutions = [m for m in UNetDiscriminator().modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64, 128, 256, 512, 256, 128, 64, 64, 64, 1]
    assert [c.stride[0] for c in convolutions] == [1, 2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert [c.bias is not None for c in convolutions] == [True] + 8 * [False] + [True]
    assert [hasattr(c, "parametrizations") for c in convolutions] == [False] + 8 * [True] + [False]


@pytest.mark.parametrize("size", [(8, 8), (9, 23), (17, 30)])
def test_every_pixel_of_any_size_has_a_logit(size):
    judgement = UNetDiscriminator(channels=4)(torch.rand(2, 3, *size))
    assert judgement.logits.shape == (2, 1, *size)
    assert [f.shape[1] for f in judgement.features] == [4, 8, 16, 32, 16, 8, 4, 4, 4]


def test_spectral_norm_can_be_left_out():
    unet = UNetDiscriminator(channels=4, spectral_norm=False)
    assert not any("parametrizations" in name for name, _ in unet.named_parameters())


def test_gradient_penalties_can_differentiate_twice():
    unet = UNetDiscriminator(channels=2, spectral_norm=False).double()
    frame = torch.rand(1, 3, 9, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: unet(x).logits.square(), frame, fast_mode=True)


def test_too_small_a_frame_is_refused():
    with pytest.raises(UserError, match=r"UNetDiscriminator needs frames of at least 8x8 px, got 7x40.*data\.crop"):
        UNetDiscriminator(channels=4)(torch.rand(1, 3, 7, 40))
