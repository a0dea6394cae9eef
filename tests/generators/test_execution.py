"""However a generator's work is cut into kernels, it computes the same."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vsr.errors import UserError
from vsr.generators import BasicVSR, Modulation
from vsr.generators.execution import is_batched
from vsr.motion import SPyNet


class Drift(torch.nn.Module):
    """A cheap flow, other for each pair of frames and each direction."""

    def forward(self, reference: torch.Tensor, supporting: torch.Tensor) -> torch.Tensor:
        return 3 * (reference - supporting)[:, :2]


def small_basicvsr(execution: str, **options) -> BasicVSR:
    torch.manual_seed(0)
    sizes = {"channels": 4, "blocks": 2, "head_channels": 6}
    return BasicVSR(**{"flow": Drift(), "execution": execution, **sizes, **options})


def clip(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def output_and_gradients(generator: BasicVSR, *inputs) -> list[torch.Tensor]:
    sr = generator(*inputs)
    sr.square().mean().backward()
    return [sr, *(parameter.grad for parameter in generator.parameters() if parameter.grad is not None)]


def same(ours: list[torch.Tensor], others: list[torch.Tensor], tolerance: float) -> bool:
    return all(torch.allclose(a, b, rtol=0, atol=tolerance) for a, b in zip(ours, others, strict=True))


@pytest.mark.parametrize("T", [1, 2, 5])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_batched_and_sequential_agree_in_output(T, scale):
    lr = clip(2, T, 3, 17, 22)
    with torch.no_grad():
        batched, sequential = (small_basicvsr(way, scale=scale)(lr) for way in ("batched", "sequential"))
    assert torch.allclose(batched, sequential, atol=1e-5)
    assert batched.is_contiguous() and sequential.is_contiguous()


@pytest.mark.parametrize("memory", ["normal", "low"])
def test_batched_and_sequential_agree_in_gradients(memory):
    lr, modulation = clip(2, 3, 3, 16, 19).double(), Modulation(*clip(2, 2, 3, 4, 16, 19, seed=2).double())
    batched, sequential = (
        output_and_gradients(small_basicvsr(way, memory=memory).double(), lr, modulation)
        for way in ("batched", "sequential")
    )
    assert same(batched, sequential, 1e-10)


@pytest.mark.parametrize("execution", ["batched", "sequential"])
def test_modulation_acts_on_its_own_frame(execution):
    generator, lr = small_basicvsr(execution), clip(1, 4, 3, 16, 16)
    scale, shift = torch.zeros(2, 1, 4, 4, 16, 16)
    shift[:, 2] = 1
    with torch.no_grad():
        change = (generator(lr, Modulation(scale, shift)) - generator(lr)).abs().amax(dim=(0, 2, 3, 4))
    assert change[2] > 0
    assert (change[[0, 1, 3]] < 1e-6).all()


def test_chunk_bounds_the_frames_reconstructed_together_and_changes_nothing():
    lr = clip(2, 5, 3, 16, 16)
    outputs, seen = [], []
    for frames in (1, 2, 5):
        generator = small_basicvsr("batched", chunk=frames * 2 * 16 * 16)
        sizes: list[int] = []
        generator.conv_hr.register_forward_hook(lambda _module, inputs, _output, s=sizes: s.append(len(inputs[0])))
        with torch.no_grad():
            outputs.append(generator(lr))
        seen.append(sizes)
    assert seen == [[2] * 5, [4, 4, 2], [10]]
    assert same(outputs[1:], [outputs[0]] * 2, 1e-6)


def test_chunk_smaller_than_a_frame_takes_one_at_a_time():
    lr = clip(1, 2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(small_basicvsr("batched", chunk=1)(lr), small_basicvsr("batched")(lr), atol=1e-6)


@pytest.mark.parametrize("execution", ["batched", "sequential"])
def test_weights_keep_the_layout_and_the_names_of_the_published_files(execution):
    generator = small_basicvsr(execution)
    names = set(generator.state_dict())
    output_and_gradients(generator, clip(1, 2, 3, 16, 16))
    assert set(generator.state_dict()) == names
    assert not any("both_trunks" in name for name in names)
    assert all(parameter.is_contiguous() for parameter in generator.parameters())


def test_auto_follows_the_device():
    assert not is_batched("auto", torch.device("cpu"))
    assert is_batched("auto", torch.device("cuda"))
    assert is_batched("batched", torch.device("cpu"))


def test_batched_takes_half_the_kernels():
    class Count(TorchDispatchMode):
        kernels = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.kernels += not func.is_view
            return func(*args, **(kwargs or {}))

    counts = {}
    for way in ("batched", "sequential"):
        generator, lr = small_basicvsr(way, blocks=5), clip(1, 7, 3, 16, 16)
        with Count() as count:
            output_and_gradients(generator, lr)
        counts[way] = count.kernels
    assert counts["batched"] < 0.55 * counts["sequential"]


@pytest.mark.parametrize("execution", ["batched", "sequential"])
def test_autocast_stays_close_in_training(execution):
    lr = clip(1, 3, 3, 16, 16)
    full = output_and_gradients(small_basicvsr(execution), lr)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = output_and_gradients(small_basicvsr(execution), lr)
    assert torch.allclose(mixed[0], full[0], atol=0.03)
    assert all(gradient.dtype == torch.float32 for gradient in mixed)
    a, b = (torch.cat([gradient.flatten() for gradient in results[1:]]) for results in (mixed, full))
    assert torch.cosine_similarity(a, b, dim=0) > 0.99


@pytest.mark.parametrize("execution", ["batched", "sequential"])
class TestCompile:
    def test_parts_are_whole_graphs_and_compute_the_same(self, execution):
        torch._dynamo.reset()
        plain, lr = small_basicvsr(execution), clip(1, 3, 3, 16, 20)
        modulation = Modulation(*clip(2, 1, 3, 4, 16, 20, seed=2))
        compiled = copy.deepcopy(plain)
        compiled.compile(backend="eager", fullgraph=True)  # raises where a graph breaks
        assert compiled.state_dict().keys() == plain.state_dict().keys()
        results = (output_and_gradients(generator, lr, modulation) for generator in (compiled, plain))
        assert same(*results, 1e-6)

    def test_a_longer_clip_compiles_no_trunk_again(self, execution):
        torch._dynamo.reset()
        graphs: list[torch.fx.GraphModule] = []

        def backend(graph, _inputs):
            graphs.append(graph)
            return graph.forward

        generator = small_basicvsr(execution)
        generator.compile(backend=backend, fullgraph=True)
        with torch.no_grad():
            generator(clip(1, 3, 3, 16, 16))
            trunks = sum(is_trunk(graph) for graph in graphs)
            generator(clip(1, 6, 3, 16, 16))
        assert trunks > 0
        assert sum(is_trunk(graph) for graph in graphs) == trunks

    def test_a_copy_runs_on_its_own_weights(self, execution):
        torch._dynamo.reset()
        generator, lr = small_basicvsr(execution), clip(1, 2, 3, 16, 16)
        generator.compile(backend="eager")
        with torch.no_grad():
            before = generator(lr)
            other = copy.deepcopy(generator)
            other.conv_last.bias += 1
            assert torch.allclose(other(lr), before + 1, atol=1e-5)
            assert torch.allclose(generator(lr), before, atol=1e-6)

    def test_a_whole_clip_is_one_graph(self, execution):
        torch._dynamo.reset()
        generator, lr = small_basicvsr(execution), clip(1, 2, 3, 16, 16)
        whole = torch.compile(BasicVSR.forward, backend="eager", fullgraph=True)
        with torch.no_grad():
            assert torch.allclose(whole(generator, lr), generator(lr), atol=1e-6)


def test_spynet_is_one_graph():
    torch._dynamo.reset()
    spynet, frames = SPyNet("random"), clip(2, 1, 3, 32, 40)
    with torch.no_grad():
        flow = torch.compile(spynet, backend="eager", fullgraph=True)(*frames)
        assert torch.allclose(flow, spynet(*frames), atol=1e-5)


def is_trunk(graph: torch.fx.GraphModule) -> bool:
    """A trunk adds residuals in place, a head shuffles pixels."""
    calls = [str(node.target) for node in graph.graph.nodes]
    return any("add_" in call for call in calls) and not any("pixel_shuffle" in call for call in calls)


def test_bad_options_are_named():
    with pytest.raises(UserError, match=r"execution='batch'.*'batched'"):
        small_basicvsr("batch")
    with pytest.raises(UserError, match="chunk=0"):
        small_basicvsr("auto", chunk=0)
