import pytest
import torch
from torch import nn

from vsr.discriminators import PatchDiscriminator2d
from vsr.errors import UserError


def receptive_field(discriminator, size):
    """Height and width of the input pixels that the central logit depends on."""
    frame = torch.zeros(1, 3, size, size, requires_grad=True)
    logits = discriminator(frame).logits
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    seen = frame.grad[0].abs().sum(0).nonzero()
    return (seen.max(0).values - seen.min(0).values + 1).tolist()


# 1 layer 16, 2 layers 34, 3 layers 70: the sizes that Isola et al. name in appendix 6.1.2.
@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_the_patch_size_of_the_paper(layers, field):
    torch.manual_seed(0)
    discriminator = PatchDiscriminator2d(channels=4, layers=layers)
    assert receptive_field(discriminator, 160) == [field, field]


def test_layers_are_those_of_the_paper():
    discriminator = PatchDiscriminator2d(spectral_norm=False)
    convolutions = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64, 128, 256, 512, 1]
    assert [c.stride[0] for c in convolutions] == [2, 2, 2, 1, 1]


def test_features_are_the_activations_shallow_to_deep():
    discriminator = PatchDiscriminator2d(channels=4, layers=2)
    judgement = discriminator(torch.rand(2, 3, 32, 48))
    assert judgement.logits.shape == (2, 1, 6, 10)
    assert [tuple(f.shape) for f in judgement.features] == [(2, 4, 16, 24), (2, 8, 8, 12), (2, 16, 7, 11)]
    # LeakyReLU(0.2) leaves a fifth of the negative side, so both signs must be there.
    assert all(f.min() < 0 < f.max() for f in judgement.features)


def test_spectral_norm_bounds_every_convolution():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator2d(channels=4, layers=1)
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.mul_(50)
    for _ in range(100):  # each training pass makes one power iteration
        discriminator(torch.rand(1, 3, 16, 16))
    norms = [
        torch.linalg.matrix_norm(m.weight.flatten(1), ord=2)
        for m in discriminator.modules()
        if isinstance(m, nn.Conv2d)
    ]
    torch.testing.assert_close(torch.stack(norms), torch.ones(3), rtol=1e-2, atol=0)


def test_gradient_penalties_can_differentiate_twice():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator2d(channels=2, layers=1, spectral_norm=False).double()
    frame = torch.rand(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: discriminator(x).logits.square(), frame, fast_mode=True)


def test_smallest_frame_works_and_a_smaller_one_is_refused():
    discriminator = PatchDiscriminator2d(channels=4, layers=3)
    assert discriminator(torch.rand(1, 3, 24, 24)).logits.shape == (1, 1, 1, 1)
    with pytest.raises(UserError, match=r"at least 24x24 px, got 23x64"):
        discriminator(torch.rand(1, 3, 23, 64))
