import copy

import pytest
import torch
import torch.nn.functional as F

from vsr import assets
from vsr.errors import UserError
from vsr.generators import BasicVSR
from vsr.motion import SPyNet, warp


def small_basicvsr(**options) -> BasicVSR:
    torch.manual_seed(0)
    return BasicVSR(**{"flow": SPyNet("random"), "channels": 8, "blocks": 2, "head_channels": 6, **options}).eval()


def clip(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


class ZeroFlow(torch.nn.Module):
    def forward(self, reference: torch.Tensor, supporting: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(reference[:, :2])


def read_from_the_paper(generator: BasicVSR, lr: torch.Tensor) -> torch.Tensor:
    """x4 BasicVSR frame by frame, with the module's layers but none of its methods."""
    B, T, _, h, w = lr.shape
    backward, forward = [None] * T, [None] * T
    for i in reversed(range(T)):
        state = torch.zeros(B, generator.channels, h, w)
        if i < T - 1:
            state = warp(backward[i + 1], generator.spynet(lr[:, i], lr[:, i + 1]))
        backward[i] = generator.backward_trunk(torch.cat((lr[:, i], state), dim=1))
    for i in range(T):
        state = torch.zeros(B, generator.channels, h, w)
        if i > 0:
            state = warp(forward[i - 1], generator.spynet(lr[:, i], lr[:, i - 1]))
        forward[i] = generator.forward_trunk(torch.cat((lr[:, i], state), dim=1))
    sr = []
    for i in range(T):
        x = F.leaky_relu(generator.fusion(torch.cat((backward[i], forward[i]), dim=1)), 0.1)
        x = F.leaky_relu(F.pixel_shuffle(generator.upconv1(x), 2), 0.1)
        x = F.leaky_relu(F.pixel_shuffle(generator.upconv2(x), 2), 0.1)
        x = generator.conv_last(F.leaky_relu(generator.conv_hr(x), 0.1))
        sr.append(x + F.interpolate(lr[:, i], scale_factor=4, mode="bilinear", align_corners=False))
    return torch.stack(sr, dim=1)


def time_mirrored(generator: BasicVSR) -> BasicVSR:
    """The generator whose backward direction is the other's forward one."""
    mirrored = copy.deepcopy(generator)
    mirrored.backward_trunk, mirrored.forward_trunk = mirrored.forward_trunk, mirrored.backward_trunk
    halves = mirrored.fusion.weight.data.chunk(2, dim=1)
    mirrored.fusion.weight.data = torch.cat(halves[::-1], dim=1)
    return mirrored


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("T", "h", "w"), [(1, 16, 16), (2, 17, 23), (5, 16, 30)])
def test_output_has_every_frame_at_scale(scale, T, h, w):
    with torch.no_grad():
        sr = small_basicvsr(scale=scale)(clip(2, T, 3, h, w))
    assert sr.shape == (2, T, 3, scale * h, scale * w)
    assert sr.isfinite().all()


@pytest.mark.parametrize("T", [1, 2, 4])
def test_equals_a_plain_reading_of_the_paper(T):
    generator, lr = small_basicvsr(), clip(2, T, 3, 18, 21)
    with torch.no_grad():
        assert torch.allclose(generator(lr), read_from_the_paper(generator, lr), atol=1e-5)


def test_reversed_clip_through_the_mirrored_generator_is_the_output_reversed():
    generator, lr = small_basicvsr(), clip(1, 5, 3, 16, 20)
    with torch.no_grad():
        assert torch.allclose(time_mirrored(generator)(lr.flip(1)), generator(lr).flip(1), atol=1e-5)


def test_every_frame_sees_the_whole_clip():
    generator, lr = small_basicvsr(), clip(1, 5, 3, 16, 16).requires_grad_()
    for frame in (0, 4):
        (gradient,) = torch.autograd.grad(generator(lr)[:, frame].square().sum(), lr)
        assert (gradient.abs().amax(dim=(0, 2, 3, 4)) > 0).all()


def test_low_memory_changes_neither_output_nor_gradients():
    lr = clip(1, 3, 3, 16, 16).double()
    results = []
    for memory in ("normal", "low"):
        generator = small_basicvsr(memory=memory).double().train()
        sr = generator(lr)
        sr.square().mean().backward()
        results.append([sr, *(parameter.grad for parameter in generator.parameters())])
    assert all(torch.allclose(a, b, rtol=0, atol=1e-10) for a, b in zip(*results, strict=True))


def test_low_memory_keeps_fewer_activations():
    def kept(memory: str) -> int:
        generator = small_basicvsr(memory=memory, blocks=10)
        generator.spynet.requires_grad_(False)
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            generator(clip(1, 3, 3, 16, 16))
        return sum(sizes)

    assert kept("low") < 0.5 * kept("normal")


def test_residual_blocks_start_near_the_identity():
    trunk = small_basicvsr(channels=32, blocks=8).forward_trunk
    x = clip(1, 32, 16, 16)
    with torch.no_grad():
        assert (trunk.main[2](x) - x).norm() < 0.2 * x.norm()


def test_a_fresh_generator_ignores_brightness():
    """Adding grey moves its output by just that grey, but for the frame's border, where padding shows."""
    generator, lr = small_basicvsr(flow=ZeroFlow()), clip(1, 1, 3, 24, 24)
    with torch.no_grad():
        change = generator(lr + 0.5) - generator(lr)
    assert torch.allclose(change[..., 11 * 4 : 13 * 4, 11 * 4 : 13 * 4], torch.tensor(0.5), atol=1e-5)


def test_flow_parameters_are_all_of_the_flow_and_nothing_else():
    generator = small_basicvsr()
    flow = {id(parameter) for parameter in generator.flow_parameters()}
    assert flow == {id(value) for key, value in generator.named_parameters() if key.startswith("spynet.")}
    generator(clip(1, 2, 3, 16, 16)).mean().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


def test_autocast_output_stays_close():
    generator, lr = small_basicvsr(), clip(1, 3, 3, 16, 16)
    with torch.no_grad():
        full = generator(lr)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = generator(lr)
    assert mixed.dtype == torch.float32
    assert torch.allclose(mixed, full, atol=0.03)


def test_published_size():
    generator = BasicVSR(SPyNet("random"))
    assert sum(parameter.numel() for parameter in generator.parameters()) == 6_291_311
    assert sum(parameter.numel() for parameter in generator.flow_parameters()) == 1_440_300


def test_bad_input_is_named():
    with pytest.raises(UserError, match=r"15x40.*at least 16"):
        small_basicvsr()(clip(1, 2, 3, 40, 15))
    with pytest.raises(UserError, match=r"scale=5.*2, 3, 4"):
        small_basicvsr(scale=5)
    with pytest.raises(UserError, match=r"memory='lo'.*'low'"):
        small_basicvsr(memory="lo")
    with pytest.raises(ValueError, match="must be"):
        small_basicvsr()(clip(2, 3, 40, 40))


@pytest.mark.pretrained
@pytest.mark.parametrize("name", ["basicvsr_reds4", "basicvsr_vimeo90k_bi", "basicvsr_vimeo90k_bd"])
def test_published_weights_load_key_for_key(name):
    generator, published = BasicVSR(SPyNet(None)), assets.state_dict(name)
    generator.load_state_dict(published, strict=True)
    assert generator.state_dict().keys() == published.keys()
