"""The checkpoints that are scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import Weights, load_generator
from vsr.losses import Schedule


class Checkpoint(NamedTuple):
    """A generator, and what is known of the weights that it holds."""

    generator: Generator
    weights: Weights

    @property
    def source(self) -> str:
        """What the user calls it."""
        return self.weights.source

    @property
    def loss_weights(self) -> dict[str, float] | None:
        """λ of each term at the last step of the run that made the weights; None where nothing is known of it."""
        config, steps = self.weights.config, self.weights.generator_steps
        if config is None or not steps:
            return None
        schedules = {name: Schedule.parse(name, node["weight"]) for name, node in config["loss"].items()}
        return {name: schedule(steps - 1) for name, schedule in schedules.items() if schedule.value}


def load_checkpoints(ckpt: Any, device: torch.device) -> list[Checkpoint]:
    """What the key ``ckpt`` names, one or several, on ``device``.

    Raises:
        UserError: it names nothing, or what cannot be loaded.
    """
    sources = [ckpt] if isinstance(ckpt, str | int) else ckpt  # a folder may be called 5
    if not sources:
        raise UserError("ckpt is not set; name a run, a checkpoint, a published file or an asset: ckpt=runs/demo")
    found = [Checkpoint(*load_generator(str(source))) for source in sources]
    for checkpoint in found:
        checkpoint.generator.to(device)
    return found


def common_scale(checkpoints: Sequence[Checkpoint], asked: int | None) -> int:
    """The scale of all ``checkpoints``.

    Raises:
        UserError: they differ in it, or another one was ``asked`` for.
    """
    first = checkpoints[0]
    for checkpoint in checkpoints:
        own, scale = checkpoint.generator.scale, first.generator.scale
        if asked not in (None, own):
            raise UserError(f"scale={asked}: {checkpoint.source} was trained for x{own}; leave scale unset")
        if own != scale:
            raise UserError(
                f"{checkpoint.source} was trained for x{own} and {first.source} for x{scale}; score them one by one"
            )
    return first.generator.scale
