"""The whole training step: data, degradation, networks, losses, optimisers, moving average, logging.

    pip install --no-deps --no-build-isolation basicsr==1.4.2
    python benchmarks/training_step.py

`loss=pixel` is timed against basicsr's own VideoRecurrentModel, on the same generator, clips and recipe, its LR made
beforehand; `loss=perceptual_adv` against the sum of its networks' own forward and backward passes. Each pair takes
turns in one process; ratios are of medians. Peak memory is that of three steps in a process of their own.

On a GPU, `loss=pixel` is run in several ways against basicsr's float32, with the share of the time that the GPU idles.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import warnings

import torch
from network_passes import passes
from peak_memory import PeakMemory
from rich.console import Console
from rich.table import Table
from turns import OURS, Turns, idle_share
from whole_run import Run, Sizes, published

from vsr.errors import UserError

ADVERSARIAL = ("loss=perceptual_adv", "loss.perceptual.weight.start=0", "loss.adversarial.weight.start=0")
OURS_BY_LOSS = {"vsr loss=pixel": (), "vsr loss=perceptual_adv": ADVERSARIAL}
PUBLISHED = "basicsr"
GPU_WAYS: dict[str, tuple[str, ...]] = {
    "float32": (),
    "bfloat16": ("trainer.precision=bf16-mixed",),
    "float16": ("trainer.precision=16-mixed",),
    "float32, compiled": ("compile=true",),
    "bfloat16, compiled": ("trainer.precision=bf16-mixed", "compile=true"),
}


def against_published(sizes: Sizes, rounds: int, overrides: tuple[str, ...]) -> tuple[dict[str, float], float | None]:
    """Seconds a step of basicsr's and of ours, and on a GPU the share of the time that it idles in ours."""
    on_gpu = torch.cuda.is_available()
    steps = 10 if on_gpu else 1
    run, theirs = Run(sizes, *overrides), published(sizes)
    run.module.generator.load_state_dict(theirs.model.net_g.state_dict())
    turns = Turns({PUBLISHED: theirs.step}, steps, profile=on_gpu)
    run.fit((rounds + turns.warm_up + on_gpu) * steps, steps, turns)
    return turns.seconds, idle_share(turns.profiler) if turns.profiler else None


def against_passes(sizes: Sizes, rounds: int) -> dict[str, float]:
    """Seconds a step of `loss=perceptual_adv` and of each of its networks' passes."""
    steps = 10 if torch.cuda.is_available() else 1
    run = Run(sizes, *ADVERSARIAL)
    turns = Turns(passes(run.module, sizes), steps)
    run.fit((rounds + turns.warm_up) * steps, steps, turns)
    return turns.seconds


def peak_mebibytes(way: str, sizes: Sizes) -> float:
    """Memory of three steps, networks and all, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (way, sizes))


def _peak(way: str, sizes: Sizes) -> float:
    _quieten()
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports the compiler
    with PeakMemory() as memory:
        if way == PUBLISHED:
            training = published(sizes)
            for _ in range(3):
                training.step()
        else:
            Run(sizes, *OURS_BY_LOSS[way]).fit(3, 1)
    return memory.mebibytes


def pixel_table(sizes: Sizes, rounds: int) -> Table:
    """`loss=pixel` against basicsr, in each way that there is on this machine."""
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    table = Table(title=f"a step of loss=pixel, {sizes.description}\n{where}; basicsr in float32")
    for heading in ("vsr in", "basicsr s", "vsr s", "times faster", "GPU idle"):
        table.add_column(heading, justify="left" if heading == "vsr in" else "right")
    ways = GPU_WAYS if torch.cuda.is_available() else {"float32": ()}
    for name, overrides in ways.items():
        seconds, idle = against_published(sizes, rounds, overrides)
        theirs, ours = seconds[PUBLISHED], seconds[OURS]
        share = "" if idle is None else f"{idle:.0%}"
        table.add_row(name, f"{theirs:.4f}", f"{ours:.4f}", f"{theirs / ours:.2f}", share)
    return table


def adversarial_table(sizes: Sizes, rounds: int) -> Table:
    """`loss=perceptual_adv` against its networks' own passes."""
    seconds = against_passes(sizes, rounds)
    step = seconds.pop(OURS)
    table = Table(title=f"a step of loss=perceptual_adv\n{sizes.description}, float32")
    for heading in ("forward and backward", "s"):
        table.add_column(heading, justify="right" if heading == "s" else "left")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.4f}")
    total = sum(seconds.values())
    table.add_row("sum", f"{total:.4f}", end_section=True)
    table.add_row(OURS, f"{step:.4f}")
    table.add_row("ratio", f"{step / total:.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, meaning in (
        ("channels", 64, "width"),
        ("blocks", 7, "residual blocks a direction"),
        ("frames", 5, "frames of a clip"),
        ("size", 64, "side of an LR frame, at least 64: the published SPyNet takes no less"),
        ("batch", 1, "clips"),
        ("workers", 0, "reading processes, of either"),
        ("rounds", 7, "timed turns of one step, of ten on a GPU"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default %(default)s)")
    options = vars(parser.parse_args())
    rounds = options.pop("rounds")
    sizes = Sizes(**options)
    _quieten()

    console = Console()
    console.print(pixel_table(sizes, rounds))
    console.print(adversarial_table(sizes, rounds))
    for way in (PUBLISHED, *OURS_BY_LOSS):
        console.print(f"{way}: {peak_mebibytes(way, sizes):.0f} MiB at most")
    if not torch.cuda.is_available():
        console.print("No GPU here: half precision, compiling and the GPU's idle share were NOT measured.")


def _quieten() -> None:
    warnings.filterwarnings("ignore")  # of the published code, and what Lightning says to everybody
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
