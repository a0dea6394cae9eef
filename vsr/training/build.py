"""From the composed config to the objects it describes. The only place, with `run`, that sees the config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate

from vsr.discriminators import MultiScale
from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import read_weights, without_weights
from vsr.generators.warm_start import warm_start
from vsr.inference.evaluator import Evaluator
from vsr.losses import FeatureMatchingLoss, LossStack, Schedule
from vsr.losses.term import LossTerm
from vsr.metrics import ClipScorer
from vsr.training.module import VideoSuperResolution


def build_module(
    config: dict[str, Any], recipe: dict[str, Any] | None = None, from_scratch: bool = True
) -> tuple[VideoSuperResolution, str]:
    """The module of a training configuration, and a line that says where its generator's weights are from.

    Args:
        config: the resolved configuration.
        recipe: the same with its interpolations, kept in checkpoints.
        from_scratch: False where a checkpoint will be loaded, so that ``init_from`` need not be read.

    Raises:
        UserError: what does not fit together, or cannot be read.
    """
    losses = build_losses(config["loss"])
    # The generator before the discriminators: with one seed it starts the same, whatever it will be judged by.
    init_from = config["init_from"] if from_scratch else None
    generator, start = build_generator(config["generator"], init_from, config.get("init_partial", False))
    discriminators = build_discriminators(config["discriminator"], losses)
    losses.check_generator(generator)
    _check_crop(config["data"].get("crop"), generator, discriminators)
    degradation = instantiate(config["degradation"])
    module = VideoSuperResolution(
        generator,
        degradation,
        losses,
        instantiate(config["optimizer"]),
        Evaluator(degradation, ClipScorer(config["metrics"], config.get("protocol", "plain")), generator.scale),
        discriminators,
        instantiate(config["diagnosis"]),
        config,
        recipe,
    )
    return module, start


def _check_crop(crop: int | None, generator: Generator, discriminators: Mapping[str, MultiScale]) -> None:
    """Raise `UserError` where training crops are too small for a network: before any data are read."""
    smallest = {f"discriminator.{name}": critic.smallest for name, critic in discriminators.items()}
    smallest[f"generator {type(generator).__name__}"] = generator.min_size * generator.scale
    name, size = max(smallest.items(), key=lambda pair: pair[1])
    if crop is not None and crop < size:
        size = -(-size // generator.scale) * generator.scale
        raise UserError(f"data.crop={crop} is too small for {name}: it needs at least {size}")


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
        if "_target_" not in keys:
            raise UserError(
                f"loss.{name} has no _target_: this stack has no such term; loss=full has a node for every one"
            )
        if "weight" not in keys:
            raise UserError(f"loss.{name} has no weight; set loss.{name}.weight")
        schedule = Schedule.parse(name, keys.pop("weight"))
        if schedule.value:
            terms[name], schedules[name] = instantiate(keys), schedule
    return LossStack(terms, schedules)


def build_discriminators(config: Mapping[str, Any] | None, losses: LossStack) -> dict[str, MultiScale]:
    """The discriminators by name where a term of ``losses`` needs them, else none.

    Raises:
        UserError: an adversarial term, but no discriminator configured, or none with a weight above 0; a bad weight;
            a term that reads discriminators which no adversarial term trains, or features which they do not keep.
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
    counting = {name: node for name, node in config.items() if _discriminator_weight(name, node)}
    if not counting:
        raise UserError(
            "every discriminator's weight is 0, so loss.adversarial has none to train against; set at least one, e.g. "
            f"discriminator.{next(iter(config))}.weight=1, or loss.adversarial.weight=0"
        )
    _check_features_are_kept(counting, losses)
    return {name: instantiate(node) for name, node in counting.items()}


def _discriminator_weight(name: str, node: Mapping[str, Any]) -> float:
    weight = node.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < float("inf"):
        raise UserError(
            f"discriminator.{name}.weight must be a number of at least 0, not {weight!r}; "
            "only loss.adversarial.weight can change with the step"
        )
    return weight


def _check_features_are_kept(discriminators: Mapping[str, Mapping[str, Any]], losses: LossStack) -> None:
    matching = [name for name, term in losses.terms.items() if isinstance(term, FeatureMatchingLoss)]
    for name, node in discriminators.items():
        if matching and node.get("checkpoint"):
            raise UserError(
                f"loss.{matching[0]} reads the activations that discriminator.{name}.checkpoint=true does not keep; "
                f"set discriminator.{name}.checkpoint=false or loss.{matching[0]}.weight=0"
            )


def build_generator(config: Mapping[str, Any], init_from: str | None, partial: bool = False) -> tuple[Generator, str]:
    """The generator, started from ``init_from`` if given, and a line that says where its weights are from.

    Args:
        config: the config group ``generator``.
        init_from: what `read_weights` takes.
        partial: load what fits of it, rather than all or none.

    Raises:
        UserError: ``init_from`` cannot be read, or does not fit.
    """
    if not init_from:
        return instantiate(config), "generator starts from scratch"
    weights = read_weights(init_from)
    # What a partial load leaves at its start may be a pretrained flow network.
    generator = instantiate(config if partial else without_weights(config))
    return generator, f"generator starts from {init_from} ({warm_start(generator, weights, partial)})"
