"""From the composed config to the objects it describes. The only place, with `run`, that sees the config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate
from torch import nn

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import initialise, read_weights, without_weights
from vsr.losses import LossStack, Schedule
from vsr.losses.term import LossTerm


def build_losses(config: Mapping[str, Any]) -> LossStack:
    """The loss stack of the config group ``loss``: term name to node with ``_target_``, ``weight`` and its own keys.

    A term whose weight is 0 throughout is not instantiated, nor are the networks it would read.

    Raises:
        UserError: a term without weight, a bad weight, or no term with a weight above 0.
    """
    terms: dict[str, LossTerm] = {}
    schedules: dict[str, Schedule] = {}
    for name, node in config.items():
        keys = dict(node)
        if "weight" not in keys:
            raise UserError(f"loss.{name} has no weight; set loss.{name}.weight")
        schedule = Schedule.parse(name, keys.pop("weight"))
        if schedule.value:
            terms[name], schedules[name] = instantiate(keys), schedule
    return LossStack(terms, schedules)


def build_discriminators(config: Mapping[str, Any] | None, losses: LossStack) -> dict[str, nn.Module]:
    """The discriminators by name where a term of ``losses`` needs them, else none.

    Raises:
        UserError: an adversarial term, but no discriminator configured; a term that reads discriminators which no
            adversarial term trains.
    """
    if losses.adversarial is None:
        for name, term in losses.terms.items():
            if term.needs_discriminators:
                raise UserError(
                    f"loss.{name} reads the discriminators, and nothing trains them without loss.adversarial; "
                    f"set loss.adversarial.weight above 0, e.g. with loss=perceptual_adv, or loss.{name}.weight=0"
                )
        return {}
    if not config:
        raise UserError("loss.adversarial needs a discriminator; choose one with discriminator=spatiotemporal")
    return {name: instantiate(node) for name, node in config.items()}


def build_generator(config: Mapping[str, Any], init_from: str | None) -> tuple[Generator, str]:
    """The generator, started from ``init_from`` if given, and a line that says where its weights are from."""
    if not init_from:
        return instantiate(config), "generator starts from scratch"
    weights = read_weights(init_from)
    generator = instantiate(without_weights(config))
    initialise(generator, weights)
    steps = f", {weights.generator_steps} generator steps" if weights.generator_steps is not None else ""
    return generator, f"generator starts from {init_from} ({len(weights.state_dict)} tensors{steps})"
