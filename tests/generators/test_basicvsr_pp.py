import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.errors import UserError
from vsr.generators import BasicVSRPlusPlus, Modulation
from vsr.generators.deformable import SecondOrderAlignment, deformable_convolution
from vsr.motion import SPyNet, warp

C = 4


class KnownFlow(torch.nn.Module):
    """A smooth flow of several pixels, other both ways, that leaves the picture here and there."""

    def forward(self, reference: Tensor, supporting: Tensor) -> Tensor:
        y, x = torch.meshgrid(*(torch.arange(n, dtype=reference.dtype) for n in reference.shape[2:]), indexing="ij")
        change = (reference - 2 * supporting).mean(dim=(1, 2, 3)).view(-1, 1, 1)
        return torch.stack((3 * torch.sin(y / 5 + 9 * change), 2 * torch.cos(x / 4 + 7 * change)), dim=1)


def make_lively(generator: BasicVSRPlusPlus) -> BasicVSRPlusPlus:
    """As training leaves it: offsets and masks that vary, and no layer that hardly matters."""
    for name, parameter in generator.named_parameters():
        if "conv_offset.6" in name:
            torch.nn.init.normal_(parameter, std=0.3)
        elif "conv_last" in name:
            parameter.data *= 10
    return generator


def small_generator(**options) -> BasicVSRPlusPlus:
    torch.manual_seed(0)
    small = {"channels": C, "blocks": 1, "outer_blocks": 1, "head_channels": 4, "deform_groups": 4, "max_residue": 3}
    return make_lively(BasicVSRPlusPlus(**{"flow": KnownFlow(), **small, **options})).eval()


def clip(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def sampled(x: Tensor, y: Tensor, column: Tensor) -> Tensor:
    """``x`` (C, h, w) at the points (y, column), each (h, w), bilinear, 0 outside."""
    h, w = x.shape[1:]
    result = torch.zeros_like(x)
    for row in (y.floor(), y.floor() + 1):
        for col in (column.floor(), column.floor() + 1):
            inside = (row >= 0) & (row < h) & (col >= 0) & (col < w)
            weight = (1 - (y - row).abs()) * (1 - (column - col).abs()) * inside
            result += weight * x[:, row.clamp(0, h - 1).long(), col.clamp(0, w - 1).long()]
    return result


def deformable_by_hand(x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Sum over groups and taps of kernel * mask * sample, picture by picture."""
    N, channels, h, w = x.shape
    groups = mask.shape[1] // 9
    offset, mask = offset.view(N, groups, 9, 2, h, w), mask.view(N, groups, 9, h, w)
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    out = bias.view(1, -1, 1, 1).repeat(N, 1, h, w)
    for n in range(N):
        for group in range(groups):
            of_group = slice(group * channels // groups, (group + 1) * channels // groups)
            for tap in range(9):
                dy, dx = offset[n, group, tap]
                samples = sampled(x[n, of_group], rows + tap // 3 - 1 + dy, columns + tap % 3 - 1 + dx)
                kernel = weight[:, of_group, tap // 3, tap % 3]
                out[n] += torch.einsum("oc,chw->ohw", kernel, mask[n, group, tap] * samples)
    return out


def read_from_the_paper(generator: BasicVSRPlusPlus, lr: Tensor) -> Tensor:
    """x4 BasicVSR++ frame by frame, with the module's layers but none of its methods."""
    T = lr.shape[1]
    features = [[generator.feat_extract(lr[:, i]) for i in range(T)]]
    for branch, layers in generator.deform_align.items():
        way = -1 if branch.startswith("backward") else 1
        order = range(T)[::way]
        states: dict[int, Tensor] = {}
        for i in order:
            g, one, two = features[0][i], i - way, i - 2 * way
            state = torch.zeros_like(g)
            if one in states:
                s1 = generator.spynet(lr[:, i], lr[:, one])
                s2, f2 = torch.zeros_like(s1), torch.zeros_like(g)
                if two in states:
                    s2 = s1 + warp(generator.spynet(lr[:, one], lr[:, two]), s1)
                    f2 = states[two]
                condition = torch.cat((warp(states[one], s1), g, warp(f2, s2), s1, s2), dim=1)
                o1, o2, mask = layers.conv_offset(condition).chunk(3, dim=1)
                offset = generator.deform_align[branch].max_residue * torch.tanh(torch.cat((o1, o2), dim=1))
                half = offset.shape[1] // 2
                for tap in range(0, half, 2):
                    offset[:, tap : tap + 2] += s1.flip(1)
                    offset[:, half + tap : half + tap + 2] += s2.flip(1)
                states_before = torch.cat((states[one], f2), dim=1)
                state = deformable_by_hand(states_before, offset, mask.sigmoid(), layers.weight, layers.bias)
            known = [branch_features[i] for branch_features in features]
            states[i] = state + generator.backbone[branch](torch.cat((*known, state), dim=1))
        features.append([states[i] for i in range(T)])
    sr = []
    for i in range(T):
        x = generator.reconstruction(torch.cat([branch_features[i] for branch_features in features], dim=1))
        x = F.leaky_relu(F.pixel_shuffle(generator.upconv1(x), 2), 0.1)
        x = F.leaky_relu(F.pixel_shuffle(generator.upconv2(x), 2), 0.1)
        x = generator.conv_last(F.leaky_relu(generator.conv_hr(x), 0.1))
        sr.append(x + F.interpolate(lr[:, i], scale_factor=4, mode="bilinear", align_corners=False))
    return torch.stack(sr, dim=1)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("T", "h", "w"), [(1, 16, 16), (2, 17, 23), (5, 16, 19)])
def test_output_has_every_frame_at_scale(scale, T, h, w):
    with torch.no_grad():
        sr = small_generator(scale=scale)(clip(2, T, 3, h, w))
    assert sr.shape == (2, T, 3, scale * h, scale * w)
    assert sr.isfinite().all()


@pytest.mark.parametrize("T", [1, 2, 4])
def test_equals_a_plain_reading_of_the_paper(T):
    generator, lr = small_generator().double(), clip(2, T, 3, 17, 20).double()
    with torch.no_grad():
        expected = read_from_the_paper(generator, lr)
        assert torch.allclose(generator(lr), expected, rtol=0, atol=1e-8)
        # The comparison sees the alignment: a residue smaller by a tenth would have shown.
        if T > 1:
            for alignment in generator.deform_align.values():
                alignment.max_residue *= 0.9
            assert not torch.allclose(generator(lr), expected, rtol=0, atol=1e-5)


def test_execution_changes_no_output():
    lr = clip(2, 4, 3, 16, 18).double()
    with torch.no_grad():
        sequential = small_generator(execution="sequential").double()(lr)
        for chunk in (1, 2 * 2 * 16 * 18 + 1, 2**17):
            batched = small_generator(execution="batched", chunk=chunk).double()(lr)
            assert torch.allclose(batched, sequential, rtol=0, atol=1e-10)


def test_every_frame_sees_the_whole_clip():
    generator, lr = small_generator(), clip(1, 5, 3, 16, 16).requires_grad_()
    for frame in (0, 4):
        (gradient,) = torch.autograd.grad(generator(lr)[:, frame].square().sum(), lr, retain_graph=True)
        assert (gradient.abs().amax(dim=(0, 2, 3, 4)) > 0).all()


def test_low_memory_changes_neither_output_nor_gradients():
    lr = clip(1, 3, 3, 16, 16).double()
    results = []
    for memory in ("normal", "low"):
        generator = small_generator(memory=memory).double().train()
        sr = generator(lr)
        sr.square().mean().backward()
        results.append([sr, *(parameter.grad for parameter in generator.parameters())])
    assert all(torch.allclose(a, b, rtol=0, atol=1e-10) for a, b in zip(*results, strict=True))


def test_low_memory_keeps_fewer_activations():
    def kept(memory: str) -> int:
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            small_generator(memory=memory)(clip(1, 3, 3, 16, 16))
        return sum(sizes)

    assert kept("low") < 0.5 * kept("normal")


def test_modulation_acts_on_what_is_reconstructed_and_zeros_change_nothing():
    generator, lr = small_generator(), clip(1, 2, 3, 16, 16)
    zeros = torch.zeros(1, 2, C, 16, 16)
    shift = zeros.clone()
    shift[:, 1] = 1
    with torch.no_grad():
        plain = generator(lr)
        assert torch.equal(generator(lr, Modulation(zeros, zeros)), plain)
        steered = generator(lr, Modulation(zeros, shift))
    assert torch.equal(steered[:, 0], plain[:, 0])
    assert not torch.allclose(steered[:, 1], plain[:, 1], atol=1e-3)


def test_a_fresh_generator_is_near_bilinear_and_trains_every_parameter():
    torch.manual_seed(0)
    generator = BasicVSRPlusPlus(SPyNet("random"), channels=8, blocks=1, outer_blocks=1, deform_groups=4)
    lr = clip(1, 3, 3, 16, 16)
    sr = generator(lr)
    bilinear = F.interpolate(lr[0], scale_factor=4, mode="bilinear", align_corners=False)
    assert (sr[0] - bilinear).square().mean().sqrt() < 0.1
    sr.square().mean().backward()
    # What lies before a layer that starts at zero gets no gradient in the first step.
    idle = {name for name, parameter in generator.named_parameters() if not parameter.grad.any()}
    assert all(".conv_offset." in name and ".conv_offset.6." not in name for name in idle)


def test_autocast_output_stays_close():
    generator, lr = small_generator(), clip(1, 3, 3, 16, 16)
    with torch.no_grad():
        full = generator(lr)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = generator(lr)
    assert mixed.dtype == torch.float32
    assert (mixed - full).square().mean().sqrt() < 0.02


def test_published_size():
    generator = BasicVSRPlusPlus(SPyNet("random"))
    assert sum(parameter.numel() for parameter in generator.parameters()) == 7_322_927
    assert sum(parameter.numel() for parameter in generator.flow_parameters()) == 1_440_300


def test_bad_input_is_named():
    with pytest.raises(UserError, match=r"15x40.*at least 16"):
        small_generator()(clip(1, 2, 3, 40, 15))
    with pytest.raises(UserError, match=r"deform_groups=3 does not fit channels=4: it must be even"):
        small_generator(deform_groups=3)
    with pytest.raises(UserError, match=r"deform_groups=16 does not fit channels=4"):
        small_generator(deform_groups=16)


def test_gradients_of_the_alignment():
    torch.manual_seed(0)
    alignment = SecondOrderAlignment(2, groups=2, max_residue=2).double()
    torch.nn.init.normal_(alignment.conv_offset[-1].weight)
    inputs = [torch.randn(1, n, 4, 5, dtype=torch.float64, requires_grad=True) for n in (2, 2, 2, 2, 2)]
    assert torch.autograd.gradcheck(alignment, inputs, fast_mode=True)
    parameters = tuple(alignment.parameters())
    assert torch.autograd.gradcheck(lambda *_: alignment(*inputs).sin(), (*parameters,), fast_mode=True)


def test_a_fresh_alignment_follows_the_flow():
    """Whole-pixel motion: the centre tap, at half its weight, of the states where the flows point."""
    alignment = SecondOrderAlignment(2, groups=2)
    alignment.weight.data.zero_()
    alignment.weight.data[:, :, 1, 1] = torch.tensor([[2.0, 0, 0, 0], [0, 0, 0, 2]])  # first of f1, second of f2
    one, two = clip(2, 1, 2, 8, 9).unbind()
    flow_1, flow_2 = torch.zeros(1, 2, 8, 9), torch.zeros(1, 2, 8, 9)
    flow_1[:, 0], flow_2[:, 1] = 2, -1  # two to the right, one up
    with torch.no_grad():
        aligned = alignment(torch.zeros_like(one), one, two, flow_1, flow_2)
    assert torch.allclose(aligned[:, 0, :, :-2], one[:, 0, :, 2:], atol=1e-6)
    assert torch.allclose(aligned[:, 1, 1:], two[:, 1, :-1], atol=1e-6)
    assert not aligned[:, 0, :, -2:].any() and not aligned[:, 1, 0].any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_convolution_computes_half_types_in_float32(dtype):
    x, offset, mask = clip(1, 4, 6, 7).to(dtype), clip(1, 36, 6, 7) * 4 - 2, clip(1, 18, 6, 7)
    weight, bias = clip(3, 4, 3, 3), clip(3)
    result = deformable_convolution(x, offset, mask, weight, bias)
    assert result.dtype == dtype
    expected = deformable_by_hand(x.float(), offset, mask, weight, bias)
    assert torch.allclose(result.float(), expected, rtol=2**-7)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -1e30])
def test_broken_offsets_sample_nothing_and_do_not_end_the_process(broken):
    """An odd width: torchvision's CPU kernel would follow NaN out of its memory."""
    offset = torch.zeros(1, 18, 7, 7)
    offset[0, ::2] = broken
    weight, bias = clip(2, 2, 3, 3), clip(2)
    result = deformable_convolution(clip(1, 2, 7, 7), offset, clip(1, 9, 7, 7), weight, bias)
    assert torch.equal(result, bias.view(1, 2, 1, 1).expand(1, 2, 7, 7))


def test_a_diverged_generator_returns_nan():
    generator = small_generator()
    generator.feat_extract.main[0].bias.data.fill_(float("nan"))
    with torch.no_grad():
        assert generator(clip(1, 3, 3, 17, 17)).isnan().all()


def test_the_alignment_is_one_graph_to_the_compiler():
    torch.manual_seed(0)
    alignment = SecondOrderAlignment(2, groups=2)
    inputs = [clip(5, 1, 2, 8, 9)[i] * 3 for i in range(5)]
    compiled = torch.compile(alignment, backend="eager", fullgraph=True)
    assert torch.allclose(compiled(*inputs), alignment(*inputs), atol=1e-6)
