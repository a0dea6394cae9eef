"""Why a pixel loss blurs: edges at one of two places that LR does not tell apart, learnt with three losses.

``python -m vsr.demos.regression_to_mean [--output DIR]`` writes regression_to_mean.png and regression_to_mean.csv.
Exits with 1 where what is learnt is not what theory has it be.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F

from vsr.demos.ambiguous_edges import Scenes, ambiguous_columns, edge_width, scenes
from vsr.demos.edge_picture import draw
from vsr.demos.edge_training import EdgeGenerator, fit, fit_adversarial, noise
from vsr.errors import UserError
from vsr.whole_file import ANOTHER_OUTPUT, whole_file

SCENES = 512  # of the test
SAMPLES = 32  # of the adversarial generator, of one scene
TOLERANCE = 0.05  # of the mean picture's norm
_TEST_SEED = 1_000_000


@dataclass(frozen=True)
class Measured:
    """What is found where the modes differ, as means over the test scenes; distances are RMS over the pixels of those
    columns, in units of the stripe's contrast.

    Args:
        width: of the edges, in pixels, by `edge_width`.
        to_nearest_mode: distance to that mode of the two which is nearer.
        to_mean: distance to E[HR | LR].
        nearer_to_a_mode: share of pictures that are nearer to a mode than to the mean.
        at_first_place: share of pictures whose nearest mode is the first.
        off_mean: ||SR − E[HR | LR]|| / ||E[HR | LR]|| over all scenes.
    """

    width: float
    to_nearest_mode: float
    to_mean: float
    nearer_to_a_mode: float
    at_first_place: float
    off_mean: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, draw, print."""
    parser = argparse.ArgumentParser(prog="python -m vsr.demos.regression_to_mean", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("runs/regression_to_mean"), help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}; choose another place with --output")
    draws = torch.Generator().manual_seed(_TEST_SEED)
    test = scenes(SCENES, draws)
    generators = train()
    with torch.no_grad():
        found = {name: generator(test.lr, noise(SCENES, draws)) for name, generator in generators.items()}
        samples = generators["adversarial"](test.lr[:1].expand(SAMPLES, -1, -1, -1), noise(SAMPLES, draws))
    pictures = {"HR": test.hr, "mean of HR": test.mean, **found}
    measured = {name: measure(test, sr) for name, sr in pictures.items()}
    try:
        with whole_file(options.output / "regression_to_mean.png", ANOTHER_OUTPUT) as part:
            draw(test, found["MSE"], found["L1"], samples).savefig(part, format="png")
        _write_csv(measured, options.output / "regression_to_mean.csv")
    except UserError as error:
        sys.exit(str(error))
    _print(measured)
    print(f"Wrote {options.output}: regression_to_mean.png, regression_to_mean.csv")
    if wrong := disagreements(measured):
        sys.exit("; ".join(wrong))


def train() -> dict[str, EdgeGenerator]:
    """A generator by the loss that it was trained with."""
    return {
        "MSE": fit(F.mse_loss, steps=1000, seed=0),
        "L1": fit(F.l1_loss, steps=1000, seed=0),
        "adversarial": fit_adversarial(steps=1500, seed=0),
    }


def measure(test: Scenes, sr: Tensor) -> Measured:
    """What ``sr`` (B, 1, 24, 24) of the ``test`` scenes is."""
    columns = ambiguous_columns()

    def distance(other: Tensor) -> Tensor:
        return (sr - other)[..., columns].square().mean((1, 2, 3)).sqrt() / test.contrast.flatten()

    to_modes, to_mean = torch.stack([distance(mode) for mode in test.modes]), distance(test.mean)
    nearest = to_modes.amin(0)
    return Measured(
        width=float(edge_width(sr).mean()),
        to_nearest_mode=float(nearest.mean()),
        to_mean=float(to_mean.mean()),
        nearer_to_a_mode=float((nearest < to_mean).float().mean()),
        at_first_place=float((to_modes[0] < to_modes[1]).float().mean()),
        off_mean=float((sr - test.mean)[..., columns].norm() / test.mean[..., columns].norm()),
    )


def disagreements(measured: dict[str, Measured]) -> list[str]:
    """What of theory does not hold of ``measured``."""
    found = []
    if (off := measured["MSE"].off_mean) > TOLERANCE:
        found.append(f"MSE: {off:.1%} off the mean picture, more than {TOLERANCE:.0%}")
    for name in ("L1", "adversarial"):
        if (share := measured[name].nearer_to_a_mode) < 0.9:
            found.append(f"{name}: only {share:.0%} of pictures are nearer to a mode than to the mean")
    return found


def _write_csv(measured: dict[str, Measured], path: Path) -> None:
    with whole_file(path, ANOTHER_OUTPUT) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["picture", *(each.name for each in fields(Measured))])
        writer.writeheader()
        writer.writerows({"picture": name, **asdict(values)} for name, values in measured.items())


def _print(measured: dict[str, Measured]) -> None:
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        caption="Distances: RMS where the modes differ, in units of the stripe's contrast.",
    )
    table.add_column("")
    for heading in (
        "edge\npx",
        "to nearest\nmode",
        "to\nmean",
        "nearer to\na mode",
        "at first\nplace",
        "off the\nmean",
    ):
        table.add_column(heading, justify="right")
    for name, values in measured.items():
        distances = (f"{value:.3f}" for value in (values.to_nearest_mode, values.to_mean))
        sharp = values.nearer_to_a_mode > 0.5  # a blur of both is at neither place
        shares = (f"{values.nearer_to_a_mode:.0%}", f"{values.at_first_place:.0%}" if sharp else "–")
        table.add_row(name, f"{values.width:.2f}", *distances, *shares, f"{values.off_mean:.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
