"""What is scored: checkpoints, and the points of curves through them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from vsr.errors import UserError, choose
from vsr.generators import Stochastic
from vsr.inference.checkpoint import Checkpoint
from vsr.inference.cost import Cost, Measured
from vsr.inference.curve import numbers
from vsr.inference.evaluator import HR, SuperResolve
from vsr.inference.interpolation import OutputsInterpolation, WeightsInterpolation, check_weights
from vsr.inference.results import config_hash, random_weights
from vsr.inference.temperature import set_temperature
from vsr.metrics import ClipScorer
from vsr.results_layout import BICUBIC, Curve

ALPHAS = "0:1:0.1"

_TAKEN = (BICUBIC, HR, "media")


@dataclass(frozen=True)
class Candidate:
    """What is scored under ``label``, by which tables, pictures and folders know it.

    Args:
        label: see above.
        checkpoints: what it is made of: one, or the two that it lies between.
        super_resolve: does the work.
        costs: of each call of it.
        parameters: of all networks that do the work.
        curve: on which it is a point; None of a checkpoint as it was trained.
    """

    label: str
    checkpoints: tuple[Checkpoint, ...]
    super_resolve: SuperResolve
    costs: Sequence[Cost]
    parameters: int
    curve: Curve | None = None

    @classmethod
    def of(cls, label: str, checkpoint: Checkpoint, curve: Curve | None = None) -> Candidate:
        """A single ``checkpoint``."""
        measured = Measured(checkpoint.generator)
        return cls(label, (checkpoint,), measured, measured.costs, _parameters(checkpoint.generator), curve)

    def record(self, scorer: ClipScorer) -> dict[str, Any]:
        """Its part of ``results.json``. Of a point between two checkpoints, nothing is said that belongs to one."""
        first = self.checkpoints[0]
        single = first if len(self.checkpoints) == 1 else None
        config = single.weights.config if single else None
        seconds = [each.weights.training_seconds for each in self.checkpoints]
        random = (key for each in self.checkpoints for key in random_weights(each.weights.config, scorer))
        return {
            "generator": " + ".join(dict.fromkeys(type(each.generator).__name__ for each in self.checkpoints)),
            "parameters": self.parameters,
            "temperature": first.generator.temperature if isinstance(first.generator, Stochastic) else None,
            "checkpoint": single.source if single else None,
            "config_hash": config_hash(config) if config else None,
            "generator_steps": single.weights.generator_steps if single else None,
            "training_seconds": None if None in seconds else round(sum(filter(None, seconds)), 1),
            "random_weights": list(dict.fromkeys(random)),
            "loss_weights": single.loss_weights if single else None,
            "curve": self.curve.record if self.curve else None,
        }


def candidates(checkpoints: Sequence[Checkpoint], cfg: DictConfig) -> list[Candidate]:
    """What ``cfg`` has scored of ``checkpoints``: each as it is, the points between two (``interpolate``, ``alphas``),
    or those with a latent at several temperatures (``temperature``).

    Raises:
        UserError: that cannot be had of them.
    """
    several = not isinstance(cfg.temperature, int | float | None)
    if cfg.interpolate is None and cfg.alphas is not None:
        raise UserError(
            f"alphas={cfg.alphas} are of points between two checkpoints: set interpolate=weights or outputs"
        )
    if cfg.interpolate is not None and several:
        raise UserError("interpolate= and several temperatures are two curves; score them one by one")
    with_latent = [each for each in checkpoints if each.generator.has_latent]
    if several and with_latent:
        return list(_at_temperatures(checkpoints, numbers("temperature", cfg.temperature)))
    for checkpoint in with_latent or checkpoints:
        set_temperature(checkpoint.generator, cfg.temperature)
    if cfg.interpolate is None:
        return [Candidate.of(label, each) for label, each in _labelled(checkpoints)]
    road = choose("interpolate", cfg.interpolate, ("weights", "outputs"))
    if len(checkpoints) != 2:
        raise UserError(f"interpolate={cfg.interpolate} takes two checkpoints, as ckpt=[runs/pixel,runs/gan]")
    alphas = numbers("alphas", ALPHAS if cfg.alphas is None else cfg.alphas, most=1)
    return list(_between(road, checkpoints[0], checkpoints[1], alphas))


def labels(sources: Sequence[str]) -> list[str]:
    """A short name for each of ``sources``, different from one another and fit for a file: that of the run, with the
    checkpoint's if it is not the last one; of other files theirs; of assets their own."""
    found: list[str] = []
    for source in sources:
        path = Path(source)
        name = path.stem if path.suffix in (".ckpt", ".pth", ".pt", ".safetensors") else path.resolve().name
        if path.suffix == ".ckpt" and path.parent.name == "checkpoints":
            run = path.resolve().parent.parent.name
            name = run if name == "last" else f"{run}_{name}"
        number, label = 1, name
        while label in (*found, *_TAKEN):
            number += 1
            label = f"{name}_{number}"
        found.append(label)
    return found


def _labelled(checkpoints: Sequence[Checkpoint]) -> Iterable[tuple[str, Checkpoint]]:
    return zip(labels([each.source for each in checkpoints]), checkpoints, strict=True)


def _at_temperatures(checkpoints: Sequence[Checkpoint], temperatures: Sequence[float]) -> Iterable[Candidate]:
    for label, checkpoint in _labelled(checkpoints):
        if not checkpoint.generator.has_latent:
            yield Candidate.of(label, checkpoint)
            continue
        for temperature in temperatures:
            generator = copy.copy(checkpoint.generator)  # the tensors are shared
            set_temperature(generator, temperature)
            curve = Curve("temperature", (checkpoint.source,), "temperature", temperature)
            alike = checkpoint._replace(generator=generator)
            yield Candidate.of(f"{label}_temperature_{temperature:.10g}", alike, curve)


def _between(road: str, first: Checkpoint, second: Checkpoint, alphas: Sequence[float]) -> Iterable[Candidate]:
    if road == "weights":
        check_weights(first, second)
    ends = (first.generator, second.generator)
    outputs = OutputsInterpolation(*ends)
    for alpha in alphas:
        label = f"{road}_{alpha:.10g}"
        curve = Curve(f"{road} interpolation", (first.source, second.source), "alpha", alpha)
        if road == "weights":
            measured = Measured(WeightsInterpolation(*ends, alpha))
            yield Candidate(label, (first, second), measured, measured.costs, _parameters(ends[0]), curve)
        else:
            parameters = sum(map(_parameters, ends))
            yield Candidate(label, (first, second), partial(outputs.at, alpha), outputs.costs, parameters, curve)


def _parameters(generator: nn.Module) -> int:
    return sum(parameter.numel() for parameter in generator.parameters())
