"""A frontier of which the truth is known: networks trained with MSE + λ W₂² on Gaussian signals, against D(P).

``python -m vsr.demos.gaussian_frontier [--output DIR]`` trains one small network a λ, writes a results.json for each,
as a run does, and collects them as ``python -m vsr.frontier`` does, with the closed form drawn into the picture.
Exits with 1 where theory and training disagree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from vsr.demos.gaussian_network import BATCH, BATCHES, Estimate, Scores, fit, score
from vsr.demos.gaussian_signal import DEGRADATION, SCALE, GaussianRows, bicubic
from vsr.errors import UserError
from vsr.frontier import Axis, trace, write
from vsr.frontier.axes import DISTORTION, PERCEPTION
from vsr.frontier.oracle import GaussianProblem
from vsr.frontier.picture import draw
from vsr.inference.results import write_json
from vsr.metrics import bootstrap
from vsr.results_layout import SCHEMA
from vsr.whole_file import ANOTHER_OUTPUT, whole_file

WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
ALPHAS = tuple(round(0.05 + 0.1 * step, 2) for step in range(10))
TOLERANCE = 0.03  # of D(P)
TOLERANCE_OF_P = 0.02  # where P* is 0.82
AXES = (
    Axis("mse", "MSE", DISTORTION, higher_is_better=False, decimals=3),
    Axis("w2", "W₂", PERCEPTION, higher_is_better=False, decimals=3),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, score, collect, draw, print."""
    parser = argparse.ArgumentParser(prog="python -m vsr.demos.gaussian_frontier", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("runs/gaussian_frontier"), help="folder to write to")
    parser.add_argument("--steps", type=int, default=2000, help="of each training (%(default)s)")
    options = parser.parse_args(arguments)
    rows = GaussianRows()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        trained = sweep(rows, options.output, options.steps)
        folders = [options.output / name for name in (*map(_run, WEIGHTS), *map(_mixture, ALPHAS))]
        frontier = trace(folders, AXES, reference=(2 * rows.problem.mmse, rows.problem.mmse_perception))
        write(frontier, options.output, html=False)
        with whole_file(options.output / "gaussian_frontier.png", ANOTHER_OUTPUT) as part:
            _overlay(draw(frontier), rows.problem).savefig(part, format="png")
    except UserError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}; choose another place with --output")
    _print(rows.problem, trained)
    print(f"Wrote {options.output}: gaussian_frontier.png, frontier.json, frontier.csv, frontier.png")
    if wrong := disagreements(rows.problem, trained):
        sys.exit("; ".join(wrong))


def sweep(rows: GaussianRows, folder: Path, steps: int) -> dict[float, Scores]:
    """The scores of a network for each λ of `WEIGHTS`.

    Writes their results.json into ``folder``, and those of mixtures of the outputs of the first and the last of them.
    """
    baseline = score(rows, lambda lr, _: bicubic(lr))
    networks, found, seconds = {}, {}, {}
    checkpoints = {weight: str(folder / _run(weight)) for weight in WEIGHTS}  # by name: none are kept
    for weight in WEIGHTS:
        begin = time.perf_counter()
        networks[weight] = fit(rows, weight, steps)
        seconds[weight] = time.perf_counter() - begin
        found[weight] = score(rows, networks[weight])
        about: dict[str, Any] = {
            "checkpoint": checkpoints[weight],
            "loss_weights": {"pixel": 1.0, "w2": weight},
            "curve": None,
            "training_seconds": seconds[weight],
        }
        write_json(folder / _run(weight) / "results.json", _record(found[weight], baseline, about))
    ends = WEIGHTS[0], WEIGHTS[-1]
    for alpha in ALPHAS:
        of = [checkpoints[end] for end in ends]
        curve = {"name": "outputs interpolation", "of": of, "parameter": "alpha", "value": alpha}
        about = {"loss_weights": None, "curve": curve, "training_seconds": sum(seconds[end] for end in ends)}
        scores = score(rows, _mixed(networks[ends[0]], networks[ends[1]], alpha))
        write_json(folder / _mixture(alpha) / "results.json", _record(scores, baseline, about))
    return found


def disagreements(problem: GaussianProblem, trained: dict[float, Scores]) -> list[str]:
    """What of theory does not hold of ``trained``, by λ."""
    found = []
    for weight, scores in trained.items():
        least = float(problem.distortion(scores.w2))
        if scores.excess > TOLERANCE * least:
            found.append(f"λ={weight:g}: MSE is {scores.excess / least:.1%} above D(P), more than {TOLERANCE:.0%}")
        if scores.intervals["excess"][1] < 0:
            found.append(f"λ={weight:g}: MSE is below D(P), beyond its interval, which nothing can be")
        if scores.mse > 2 * problem.mmse:
            found.append(f"λ={weight:g}: MSE is more than twice the least MSE")
        expected = float(problem.perception_under(weight))
        if abs(scores.w2 - expected) > TOLERANCE_OF_P:
            found.append(f"λ={weight:g}: P is {scores.w2:.3f}, not P*/(1 + λ) = {expected:.3f}")
    return found


def _run(weight: float) -> str:
    return f"w2={weight:g}"


def _mixture(alpha: float) -> str:
    return f"outputs/alpha={alpha:g}"


def _mixed(first: Estimate, last: Estimate, alpha: float) -> Estimate:
    """Both get the same noise; the first, of least MSE, has learnt to ignore it."""
    return lambda lr, noise: (1 - alpha) * first(lr, noise) + alpha * last(lr, noise)


def _record(scores: Scores, baseline: Scores, about: dict[str, Any]) -> dict[str, Any]:
    def clips(of: Scores) -> dict[str, dict[str, float]]:
        return {f"batch {number}": {"mse": mse} for number, mse in enumerate(of.mse_of_batches)}

    intervals = {name: list(scores.intervals[name]) for name in ("mse", "w2")}
    return {
        "schema": SCHEMA,
        "dataset": "gaussian rows",
        "protocol": "none",
        "scale": SCALE,
        "degradation": DEGRADATION,
        **about,
        "metrics": {"mse": scores.mse, "w2": scores.w2},
        "intervals": {
            "level": bootstrap.LEVEL,
            "draws": bootstrap.DRAWS,
            "seed": bootstrap.SEED,
            "metrics": intervals,
        },
        "clips": clips(scores),
        "frames": {f"batch {number}": BATCH for number in range(BATCHES)},
        "baseline": {"bicubic": {"mse": baseline.mse, "w2": baseline.w2}},
        "baseline_clips": {"bicubic": clips(baseline)},
    }


def _overlay(figure: Figure, problem: GaussianProblem) -> Figure:
    """D(P), what it ends at, and sampling from the posterior, in the picture of the points."""
    (axes, *_), perceptions = figure.axes, np.linspace(0, problem.mmse_perception, 200)
    found = axes.get_legend()
    handles = list(found.legend_handles) if found else []
    handles += axes.plot(problem.distortion(perceptions), perceptions, "k", lw=1.2, zorder=1.5, label="D(P), exact")
    handles += axes.plot(2 * problem.mmse, 0, "kX", ms=9, label="sampling p(X|Y): P = 0 at 2 D*", clip_on=False)
    handles.append(axes.axvline(problem.mmse, color="k", lw=0.8, ls=":", label="D*, the least MSE there is"))
    axes.legend(handles=handles, fontsize=8)
    return figure


def _print(problem: GaussianProblem, trained: dict[float, Scores]) -> None:
    least, perception = problem.mmse, problem.mmse_perception
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("λ", "P*/(1 + λ)", "P found", "D(P)", "MSE found", "above D(P)", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for weight, scores in trained.items():
        bound = float(problem.distortion(scores.w2))
        above, *ends = (f"{value / bound:+.2%}" for value in (scores.excess, *scores.intervals["excess"]))
        numbers = (float(problem.perception_under(weight)), scores.w2, bound, scores.mse)
        table.add_row(f"{weight:g}", *(f"{number:.3f}" for number in numbers), above, " … ".join(ends))
    Console().print(table)
    last = trained[WEIGHTS[-1]]
    print(f"Least MSE D* = {least:.3f}, where P* = {perception:.3f}; D(P) = D* + (P* - P)².")
    print(
        f"Perfect perception costs {float(problem.distortion(0)) / least:.2f} times the least MSE, at most 2 (Blau & "
        f"Michaeli); trained, λ = {WEIGHTS[-1]:g}: {last.mse / least:.2f} times. Samples of p(X|Y) cost 2."
    )


if __name__ == "__main__":
    main()
