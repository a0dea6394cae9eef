"""BasicVSR against the published implementation of it, with the same weights: equal output, kernels, time.

    pip install --no-deps --no-build-isolation basicsr==1.4.2
    python benchmarks/generators.py

Counts the kernels that one training step (forward and backward of a mean absolute error) dispatches, views left out,
with our way of running on a GPU, wherever it is run. Times a training step and inference, on a CPU as either would be
run there, on a GPU in bfloat16, compiled and channels last against the other in its own recipe, float32. The
contenders take turns; ratios are of medians.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
import sys
import time
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from vsr.errors import UserError
from vsr.generators import BasicVSR
from vsr.motion import SPyNet

Work = Callable[[nn.Module, Tensor], Any]


def published_basicvsr() -> type[nn.Module]:
    """The class of BasicVSR in the package basicsr.

    Only the modules of the architecture are imported, with stand-ins for the rest of the package, which does not
    import beside a recent torchvision.

    Raises:
        UserError: the package is not installed.
    """
    spec = importlib.util.find_spec("basicsr")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("basicsr is missing: pip install --no-deps --no-build-isolation basicsr==1.4.2")
    root = Path(spec.submodule_search_locations[0])
    unused: dict[str, dict[str, Any]] = {
        "basicsr": {},
        "basicsr.archs": {},
        "basicsr.utils": {"get_root_logger": None},
        "basicsr.ops": {},
        "basicsr.ops.dcn": {"ModulatedDeformConvPack": nn.Module, "modulated_deform_conv": None},
    }
    for name, contents in unused.items():
        module = types.ModuleType(name)
        module.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        vars(module).update(contents)
        sys.modules[name] = module
    if sys.version_info >= (3, 12):  # which has no distutils; only the name is imported
        sys.modules["distutils.version"] = types.ModuleType("distutils.version")
        vars(sys.modules["distutils.version"])["LooseVersion"] = str
    return importlib.import_module("basicsr.archs.basicvsr_arch").BasicVSR


class KernelCount(TorchDispatchMode):
    """Counts what is dispatched within it, views left out."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Count ``func`` and run it."""
        self.kernels += not func.is_view
        return func(*args, **(kwargs or {}))


def train(generator: nn.Module, lr: Tensor) -> None:
    """Forward and backward."""
    generator.zero_grad(set_to_none=True)
    (generator(lr).float() - 0.5).abs().mean().backward()


def infer(generator: nn.Module, lr: Tensor) -> Tensor:
    """Forward without a graph."""
    with torch.no_grad():
        return generator(lr)


def half(work: Work) -> Work:
    """The work under bfloat16 autocast."""

    def run(generator: nn.Module, lr: Tensor) -> None:
        with torch.autocast(lr.device.type, torch.bfloat16):
            work(generator, lr)

    return run


def kernels(generator: nn.Module, lr: Tensor) -> int:
    """Dispatched by one training step."""
    train(generator, lr)  # what is cached, is
    with KernelCount() as count:
        train(generator, lr)
    return count.kernels


def seconds(work: Work, generator: nn.Module, lr: Tensor) -> float:
    """Of one go."""
    if not lr.is_cuda:
        start = time.perf_counter()
        work(generator, lr)
        return time.perf_counter() - start
    before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    before.record()
    work(generator, lr)
    after.record()
    torch.cuda.synchronize()
    return before.elapsed_time(after) / 1000


def medians(contenders: Mapping[str, tuple[Work, nn.Module]], lr: Tensor, rounds: int) -> dict[str, float]:
    """Seconds of each, in turn, so that whatever else the machine does meets all."""
    warm_up = 1 if lr.device.type == "cpu" else 10  # compiles, chooses algorithms, fills the allocator
    for work, generator in contenders.values():
        for _ in range(warm_up):
            work(generator, lr)
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (work, generator) in contenders.items():
            taken[name].append(seconds(work, generator, lr))
    return {name: statistics.median(times) for name, times in taken.items()}


def ours_like(theirs: nn.Module, channels: int, blocks: int, execution: str) -> BasicVSR:
    """Our BasicVSR with the weights of the published one."""
    ours = BasicVSR(SPyNet(None), channels=channels, blocks=blocks, execution=execution)
    ours.load_state_dict(theirs.state_dict())
    return ours


def compare(title: str, works: Mapping[str, tuple[Work, Work]], pair: tuple[nn.Module, nn.Module], lr: Tensor,
            rounds: int) -> Table:  # fmt: skip
    """A table of the times of (theirs, ours) at each work."""
    table = Table(title=title)
    for heading in ("", "basicsr s", "vsr s", "times faster"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (their_work, our_work) in works.items():
        time_of = medians({"theirs": (their_work, pair[0]), "ours": (our_work, pair[1])}, lr, rounds)
        theirs, ours = time_of["theirs"], time_of["ours"]
        table.add_row(name, f"{theirs:.4f}", f"{ours:.4f}", f"{theirs / ours:.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, meaning in (
        ("channels", 64, "width"),
        ("blocks", 7, "residual blocks a direction"),
        ("frames", 7, "frames of the clip"),
        ("size", 64, "side of an LR frame, at least 64: the published SPyNet takes no less"),
        ("batch", 1, "clips"),
        ("rounds", 7, "timed rounds on a CPU; ten times as many on a GPU"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default %(default)s)")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # of the published code
    console = Console()

    torch.manual_seed(0)
    channels, blocks, rounds = arguments.channels, arguments.blocks, arguments.rounds
    theirs = published_basicvsr()(channels, blocks)
    lr = torch.rand(arguments.batch, arguments.frames, 3, arguments.size, arguments.size)
    console.print(f"{channels} channels, {blocks} blocks, LR {tuple(lr.shape)}, torch {torch.__version__}")

    reference = infer(theirs, lr)
    for execution in ("batched", "sequential"):
        difference = (infer(ours_like(theirs, channels, blocks, execution), lr) - reference).abs().max().item()
        assert difference <= 1e-5, (execution, difference)
        console.print(f"{execution}: outputs differ by {difference:.1e} at most")

    their_kernels = kernels(theirs, lr)
    for execution in ("batched", "sequential"):
        count = kernels(ours_like(theirs, channels, blocks, execution), lr)
        console.print(f"{execution}: {count} of {their_kernels} kernels a training step, {count / their_kernels:.2f}")

    pair = theirs, ours_like(theirs, channels, blocks, "auto")
    same = {"training step": (train, train), "inference": (infer, infer)}
    console.print(compare(f"CPU, {torch.get_num_threads()} threads, float32", same, pair, lr, rounds))

    if not torch.cuda.is_available():
        console.print("No GPU here: bfloat16, compiled and channels last against float32 on a GPU was NOT measured.")
        return
    pair[0].cuda()
    pair[1].cuda()
    pair[1].compile()
    against = {"training step": (train, half(train)), "inference": (infer, half(infer))}
    title = f"{torch.cuda.get_device_name()}: basicsr float32, vsr bfloat16, compiled, channels last"
    console.print(compare(title, against, pair, lr.cuda(), 10 * rounds))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
