import gc

import pytest
import torch
import torch.nn.functional as F

from vsr.errors import UserError
from vsr.generators import Modulation, Recurrent
from vsr.generators.enlargement import CornerBicubic
from vsr.generators.flow_net import FlowNet
from vsr.generators.srnet import space_to_depth
from vsr.motion import warp


def small_recurrent(**options) -> Recurrent:
    """Its flow is of a few pixels, as it would be after training, and not near zero."""
    torch.manual_seed(0)
    generator = Recurrent(**{"flow": FlowNet(4), "channels": 8, "blocks": 2, **options}).eval()
    with torch.no_grad():
        generator.fnet.flow[2].weight *= 1000
    return generator


def clip(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def stream(generator, lr, modulation=None):
    """SR of a clip taken frame by frame."""
    state, frames = None, []
    for t in range(lr.shape[1]):
        sr, state = generator.step(lr[:, t], state, modulation and modulation.frames(t))
        frames.append(sr)
    return torch.stack(frames, dim=1)


def read_from_the_paper(generator: Recurrent, lr: torch.Tensor) -> torch.Tensor:
    """x4, frame by frame, with the module's layers but none of its methods."""
    B, T, _, h, w = lr.shape
    fnet, srnet = generator.fnet, generator.srnet
    sr = [torch.zeros(B, 3, 4 * h, 4 * w)]
    before = torch.zeros_like(lr[:, 0])
    for t in range(T):
        x = fnet.encoder3(fnet.encoder2(fnet.encoder1(torch.cat((lr[:, t], before), dim=1))))
        for decoder in (fnet.decoder1, fnet.decoder2, fnet.decoder3):
            x = F.interpolate(decoder(x), scale_factor=2, mode="bilinear", align_corners=False)
        flow = F.pad(24 * torch.tanh(fnet.flow(x)), (0, w - x.shape[3], 0, h - x.shape[2]), mode="reflect")
        flow = 4 * F.interpolate(flow, scale_factor=4, mode="bilinear", align_corners=False)
        warped = warp(sr[-1], flow, "border")
        folded = torch.cat([warped[:, :, y::4, x::4] for y in range(4) for x in range(4)], dim=1)
        features = srnet.conv_up(srnet.resblocks(srnet.conv_in(torch.cat((lr[:, t], folded), dim=1))))
        sr.append(
            srnet.conv_out(features) + F.interpolate(lr[:, t], scale_factor=4, mode="bilinear", align_corners=False)
        )
        before = lr[:, t]
    return torch.stack(sr[1:], dim=1)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("T", "h", "w"), [(1, 16, 16), (3, 17, 23)])
def test_output_has_every_frame_at_scale(scale, T, h, w):
    with torch.no_grad():
        sr = small_recurrent(scale=scale)(clip(2, T, 3, h, w))
    assert sr.shape == (2, T, 3, scale * h, scale * w)
    assert sr.isfinite().all()


def test_equals_a_plain_reading_of_the_paper():
    generator, lr = small_recurrent(), clip(2, 4, 3, 19, 22)
    with torch.no_grad():
        assert generator.flow_to_previous(lr).abs().mean() > 0.5  # or the test would not see the warping
        torch.testing.assert_close(generator(lr), read_from_the_paper(generator, lr), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_frame_by_frame_equals_the_clip_at_once(scale):
    generator, lr = small_recurrent(scale=scale), clip(2, 6, 3, 20, 17)
    modulation = Modulation(clip(2, 6, 8, 20, 17), clip(2, 6, 8, 20, 17))
    with torch.no_grad():
        for steering in (None, modulation):
            torch.testing.assert_close(stream(generator, lr, steering), generator(lr, steering), rtol=0, atol=1e-6)


def test_a_frame_depends_on_no_later_one_and_on_every_earlier_one():
    generator, lr = small_recurrent(), clip(1, 4, 3, 16, 16).requires_grad_()
    (gradient,) = torch.autograd.grad(generator(lr)[:, 2].square().sum(), lr)
    reached = gradient.abs().amax(dim=(0, 2, 3, 4)) > 0
    assert reached.tolist() == [True, True, True, False]


@pytest.mark.parametrize("length", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_memory_of_a_stream_is_flat(length):
    def alive() -> tuple[int, int]:
        gc.collect()
        tensors = [thing for thing in gc.get_objects() if type(thing) in (torch.Tensor, torch.nn.Parameter)]
        return len(tensors), sum(tensor.nbytes for tensor in tensors)

    generator, frames = small_recurrent(channels=4, blocks=1, flow=FlowNet(2)), clip(7, 1, 3, 16, 16)
    counted, state = {}, None
    with torch.inference_mode():
        for number in range(1, length + 1):
            _, state = generator.step(frames[number % 7], state)
            if number in (length // 10, length):
                counted[number] = alive()
    assert counted[length] == counted[length // 10]
    assert [tuple(tensor.shape) for tensor in state] == [(1, 3, 16, 16), (1, 3, 64, 64)]


def test_gradients_pass_through_the_recurrence_and_into_the_flow():
    generator = small_recurrent()
    generator(clip(1, 2, 3, 16, 16))[:, 1].square().mean().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())
    assert generator.fnet.encoder1[0].weight.grad.abs().sum() > 0
    assert not generator.flow_is_pretrained  # learnt along with the rest, never frozen


def test_low_memory_changes_neither_output_nor_gradients():
    lr, results = clip(1, 3, 3, 16, 16).double(), []
    modulation = Modulation(clip(1, 3, 8, 16, 16).double(), clip(1, 3, 8, 16, 16).double())
    for memory in ("normal", "low"):
        generator = small_recurrent(memory=memory).double().train()
        sr = generator(lr, modulation)
        sr.square().mean().backward()
        results.append([sr, *(parameter.grad for parameter in generator.parameters())])
    for plain, low in zip(*results, strict=True):
        torch.testing.assert_close(plain, low, rtol=0, atol=1e-10)


def test_low_memory_keeps_fewer_activations():
    def kept(memory: str) -> int:
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            small_recurrent(memory=memory, blocks=8)(clip(1, 4, 3, 16, 16))
        return sum(sizes)

    assert kept("low") < 0.5 * kept("normal")


def test_a_modulation_acts_and_that_of_zeros_does_not():
    generator, lr = small_recurrent(), clip(1, 2, 3, 16, 16)
    zeros = torch.zeros(1, 2, 8, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(generator(lr, Modulation(zeros, zeros)), generator(lr))
        assert (generator(lr, Modulation(zeros, zeros + 1)) - generator(lr)).abs().max() > 1e-3


def test_fresh_flow_is_near_zero_and_no_flow_exceeds_24_pixels():
    torch.manual_seed(0)
    network = FlowNet(8)
    with torch.no_grad():
        assert network(*clip(2, 1, 3, 21, 16)).abs().max() < 1
        network.flow[2].bias.copy_(torch.tensor([99.0, -99.0]))
        flow = network(*clip(2, 1, 3, 21, 16))
    torch.testing.assert_close(flow, torch.tensor([24.0, -24.0]).view(1, 2, 1, 1).expand(1, 2, 21, 16))


def test_space_to_depth_keeps_the_colours_of_a_pixel_together():
    x = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    folded = space_to_depth(x, 2)
    for y in range(2):
        for x_ in range(2):
            channels = slice(3 * (2 * y + x_), 3 * (2 * y + x_) + 3)
            torch.testing.assert_close(folded[:, channels], x[:, :, y::2, x_::2])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_corner_bicubic_samples_at_multiples_of_a_fraction_of_a_pixel(scale):
    x = clip(2, 3, 7, 9)
    # Of torch, at the same places; its bicubic kernel has a = -0.75, too.
    rows, columns = (torch.arange(side * scale) / scale / (side - 1) * 2 - 1 for side in (7, 9))
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)[None].expand(2, -1, -1, -1)
    expected = F.grid_sample(x, grid, mode="bicubic", padding_mode="border", align_corners=True)
    torch.testing.assert_close(CornerBicubic(scale)(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("blocks", "published"), [(10, 2.589e6), (16, 3.03e6)])
def test_published_size(blocks, published):
    parameters = sum(parameter.numel() for parameter in Recurrent(FlowNet(), blocks=blocks).parameters())
    assert parameters == pytest.approx(published, rel=1e-3)


def test_layers_have_the_names_of_the_published_weights():
    keys = Recurrent(FlowNet(), enlargement="corner_bicubic").state_dict().keys()
    assert {
        *("fnet.encoder1.0.weight", "fnet.encoder3.2.bias", "fnet.decoder1.0.weight", "fnet.flow.2.bias"),
        *("srnet.conv_in.0.weight", "srnet.resblocks.15.conv.2.bias", "srnet.conv_up.2.weight"),
        *("srnet.conv_out.weight", "upsample_func.kernels", "srnet.upsample_func.kernels"),
    } <= keys
    # Weight and bias of 14 and of 36 convolutions, and the constants twice.
    assert len(keys) == 2 * 14 + 2 * 36 + 2


def test_autocast_output_stays_close():
    generator, lr = small_recurrent(), clip(1, 3, 3, 16, 16)
    with torch.no_grad():
        generator.fnet.flow[2].weight /= 1000
        full = generator(lr)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = generator(lr)
            assert generator.flow_to_previous(lr).dtype == torch.float32
    torch.testing.assert_close(mixed.float(), full, rtol=0, atol=0.03)


def test_bad_input_is_named():
    generator = small_recurrent()
    with pytest.raises(UserError, match=r"15x40.*at least 16"):
        generator.step(clip(1, 3, 40, 15))
    _, state = generator.step(clip(1, 3, 16, 16))
    with pytest.raises(UserError, match=r"\(1, 3, 16, 20\).*\(1, 3, 16, 16\).*state=None"):
        generator.step(clip(1, 3, 16, 20), state)
    with pytest.raises(UserError, match=r"enlargement='bicubic'.*'corner_bicubic'"):
        small_recurrent(enlargement="bicubic")
