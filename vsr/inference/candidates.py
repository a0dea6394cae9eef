"""The checkpoints that are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import Weights
from vsr.inference.evaluator import BICUBIC, HR
from vsr.losses import Schedule


@dataclass(frozen=True)
class Candidate:
    """A generator, under the ``label`` that tables and pictures know it by."""

    label: str
    generator: Generator
    weights: Weights

    @property
    def loss_weights(self) -> dict[str, float] | None:
        """λ of each term at the last step of the run that made the weights; None where nothing is known of it."""
        config, steps = self.weights.config, self.weights.generator_steps
        if config is None or not steps:
            return None
        schedules = {name: Schedule.parse(name, node["weight"]) for name, node in config["loss"].items()}
        return {name: schedule(steps - 1) for name, schedule in schedules.items() if schedule.value}


def sources_of(ckpt: Any) -> list[str]:
    """What the key ``ckpt`` names: one or several.

    Raises:
        UserError: nothing.
    """
    sources = [ckpt] if isinstance(ckpt, str) else [str(source) for source in ckpt or ()]
    if not sources:
        raise UserError("ckpt is not set; name a run, a checkpoint, a published file or an asset: ckpt=runs/demo")
    return sources


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
        while label in (*found, BICUBIC, HR):
            number += 1
            label = f"{name}_{number}"
        found.append(label)
    return found


def common_scale(candidates: Sequence[Candidate], asked: int | None) -> int:
    """The scale of all ``candidates``.

    Raises:
        UserError: they differ in it, or another one was ``asked`` for.
    """
    scale = candidates[0].generator.scale
    for candidate in candidates:
        own, source = candidate.generator.scale, candidate.weights.source
        if asked not in (None, own):
            raise UserError(f"scale={asked}: {source} was trained for x{own}; leave scale unset")
        if own != scale:
            raise UserError(
                f"{source} was trained for x{own} and {candidates[0].weights.source} for x{scale}; "
                "score them one by one"
            )
    return scale
