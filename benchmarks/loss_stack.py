"""One shared pass of a frozen network against one pass a term: time, peak memory, values and gradients.

    python benchmarks/loss_stack.py

The stack under test: perceptual + style + LPIPS (vgg) + temporal feature, all reading VGG16, on 5 frames of 128 × 128.
The baseline runs the very same terms, each over a `Comparison` of its own, so each does its own frozen passes.
Prints ratios against that baseline and, last, what two further terms of weight 0 cost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable

import psutil
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from vsr.features import vgg16
from vsr.losses import LossStack, LossTerm, LpipsLoss, PerceptualLoss, Schedule, StyleLoss, TemporalFeatureLoss
from vsr.motion import dis
from vsr.training.build import build_losses

LAYERS = dict.fromkeys(("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), 1.0)


def terms(weights: str) -> dict[str, LossTerm]:
    """The four terms, all on one VGG16."""
    network = vgg16(weights=weights)
    return {
        "perceptual": PerceptualLoss(network, LAYERS),
        "style": StyleLoss(network, LAYERS),
        "lpips": LpipsLoss("vgg", weights),
        "temporal_feature": TemporalFeatureLoss(network, {"relu3_1": 1.0, "relu4_1": 1.0}, dis()),
    }


def stack_of(chosen: dict[str, LossTerm]) -> LossStack:
    """The terms, each with weight 1."""
    return LossStack(chosen, {name: Schedule(1.0) for name in chosen})


def shared(chosen: dict[str, LossTerm]) -> Callable[[Tensor, Tensor], Tensor]:
    """The project's way: one stack, one comparison."""
    stack = stack_of(chosen)
    return lambda sr, hr: stack(stack.compare(sr, hr, sr, 0), 0).total


def separate(chosen: dict[str, LossTerm]) -> Callable[[Tensor, Tensor], Tensor]:
    """The baseline: a comparison, and so a frozen pass over SR and one over HR, for every term."""
    stacks = [stack_of({name: term}) for name, term in chosen.items()]
    return lambda sr, hr: torch.stack([stack(stack.compare(sr, hr, sr, 0), 0).total for stack in stacks]).sum()


WAYS = {"shared": shared, "separate": separate}


def batch(size: int, device: str) -> tuple[Tensor, Tensor]:
    """SR (with gradient) and HR ``(1, 5, 3, size, size)``."""
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(1, 5, 3, size, size, generator=generator)
    sr = (hr + 0.1 * torch.randn(hr.shape, generator=generator)).clamp(0, 1)
    return sr.to(device).requires_grad_(), hr.to(device)


def step(loss: Callable[[Tensor, Tensor], Tensor], sr: Tensor, hr: Tensor) -> tuple[float, Tensor]:
    """Value and gradient of one loss step."""
    sr.grad = None
    value = loss(sr, hr)
    value.backward()
    assert sr.grad is not None
    return value.item(), sr.grad


def seconds(loss: Callable[[Tensor, Tensor], Tensor], sr: Tensor, hr: Tensor) -> float:
    """Of one step."""
    start = time.perf_counter()
    step(loss, sr, hr)
    if sr.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_mebibytes(way: str, size: int, weights: str, device: str) -> float:
    """Memory that a step of ``way`` takes beyond what stands before it; in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (way, size, weights, device))


def _peak(way: str, size: int, weights: str, device: str) -> float:
    loss, (sr, hr) = WAYS[way](terms(weights)), batch(size, device)
    small = batch(48, device)
    step(loss, *small)  # loads weights and libraries
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(loss, sr, hr)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    process, done = psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    step(loss, sr, hr)
    done.set()
    watcher.join()
    return (peak - before) / 2**20


def weightless_cost(repeats: int, weights: str, device: str) -> float:
    """Time of a pixel loss with two further terms of weight 0 over that of the pixel loss alone."""
    pixel = {"_target_": "vsr.losses.PixelLoss", "weight": 1.0}
    off = {"network": {"_target_": "vsr.features.vgg16", "weights": weights}, "layers": LAYERS, "weight": 0.0}
    more = {name: {"_target_": f"vsr.losses.{name}", **off} for name in ("PerceptualLoss", "StyleLoss")}
    stacks = build_losses({"pixel": pixel}), build_losses({"pixel": pixel, **more})
    sr, hr = batch(128, device)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(20 * repeats):
        for stack, taken in zip(stacks, times, strict=True):
            taken.append(seconds(lambda a, b, stack=stack: stack(stack.compare(a, b, a, 0), 0).total, sr, hr))  # type: ignore[misc]
    return statistics.median(times[1]) / statistics.median(times[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="side of the frames (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="timed steps of each way (default %(default)s)")
    parser.add_argument("--weights", default="pretrained", help="pretrained or random (default %(default)s)")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"

    chosen = terms(arguments.weights)
    sr, hr = batch(arguments.size, device)
    losses = {name: way(chosen) for name, way in WAYS.items()}
    (one, gradient), (many, gradients) = (step(loss, sr, hr) for loss in losses.values())
    difference = (gradient - gradients).norm() / gradients.norm()
    assert abs(one - many) <= 1e-5 * abs(many), (one, many)
    assert difference <= 1e-5, difference

    taken: dict[str, list[float]] = {name: [] for name in losses}
    for _ in range(arguments.repeats):  # in turn, so that whatever else the machine does meets both
        for name, loss in losses.items():
            taken[name].append(seconds(loss, sr, hr))
    time_of = {name: statistics.median(times) for name, times in taken.items()}
    memory_of = {
        name: statistics.median(peak_mebibytes(name, arguments.size, arguments.weights, device) for _ in range(3))
        for name in WAYS
    }

    table = Table(title=f"perceptual + style + lpips + temporal_feature, 5 × {arguments.size}², {device}")
    for heading in ("way", "s a step", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name in WAYS:
        table.add_row(name, f"{time_of[name]:.2f}", f"{memory_of[name]:.0f}")
    console = Console()
    console.print(table)
    console.print(f"values differ by {abs(one - many) / abs(many):.1e}, gradients by {difference:.1e} (relative)")
    console.print(f"shared is {time_of['separate'] / time_of['shared']:.2f} times faster than separate")
    console.print(f"shared takes {memory_of['shared'] / memory_of['separate']:.2f} of separate's memory")
    console.print(
        f"terms of weight 0: {weightless_cost(arguments.repeats, arguments.weights, device):.2f} of the time"
    )


if __name__ == "__main__":
    main()
