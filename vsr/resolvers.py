"""Functions that the YAML files call."""

from __future__ import annotations

from collections.abc import Mapping

from omegaconf import OmegaConf

from vsr.errors import choose
from vsr.sweep.folder import job_folder


def register_resolvers() -> None:
    """Make them known to OmegaConf."""
    for function in (pixel_phase, job_folder, directions):
        OmegaConf.register_new_resolver(function.__name__, function, replace=True)


def pixel_phase(max_steps: int, init_from: str | None) -> int:
    """Generator steps before perceptual and adversarial terms set in: two thirds of a run from scratch, else none.

    A discriminator needs a generator that already reconstructs (ESRGAN trains its PSNR model first), and pixel steps
    are the cheap ones.
    """
    return 0 if init_from else 2 * int(max_steps) // 3


def directions(axes: Mapping[str, str | None]) -> list[str]:
    """Which way is better, in Optuna's words, on each of the frontier's ``axes`` by ``x``, ``y`` and ``z``.

    Raises:
        UserError: a metric that the table does not know.
    """
    from vsr.metrics.table import METRICS  # here: it takes torch

    chosen = [choose(f"frontier.{name}", metric, METRICS) for name, metric in axes.items() if metric]
    return ["maximize" if METRICS[metric].higher_is_better else "minimize" for metric in chosen]
