"""What a run is about to do, in a few lines a person reads before leaving it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import lightning as L
from torch import nn

from vsr.data import ClipDataModule
from vsr.features import FrozenFeatures
from vsr.generators import Generator
from vsr.losses import Schedule
from vsr.training.module import VideoSuperResolution
from vsr.training.optimisation import Optimisation

Row = Sequence[str]


def summary(
    module: VideoSuperResolution, config: dict[str, Any], datamodule: ClipDataModule, trainer: L.Trainer
) -> str:
    """Networks with their parameters and what of them is frozen, λ of each term, batch, length and device of the run,
    and where it writes; one table each, columns aligned."""
    return "\n\n".join(
        aligned(rows)
        for rows in (
            [("network", "M parameters", ""), *_networks(module)],
            [("loss term", "λ", ""), *_weights(module)],
            _run(module, config, datamodule, trainer),
        )
    )


def aligned(rows: Iterable[Row]) -> str:
    """The rows as lines of text, each cell as wide as the widest of its column."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _networks(module: VideoSuperResolution) -> Iterator[Row]:
    """Trained networks, then the frozen ones that loss terms read."""
    generator, optimisation = module.generator, module.optimisation
    yield f"generator {type(generator).__name__}", _millions(generator.parameters()), ""
    if flow := generator.flow_parameters():
        yield "  of these, flow", _millions(flow), _flow(generator, optimisation)
    for name, critic in module.critics.items():
        weight = getattr(critic, "loss_weight", 1.0)
        yield f"discriminator {name}", _millions(critic.parameters()), f"weight {weight:g}"
    readers: dict[FrozenFeatures, list[str]] = {}
    for term_name, term in module.losses.terms.items():
        for network in term.feature_layers():
            readers.setdefault(network, []).append(term_name)
    for network, terms in readers.items():
        about = f"frozen, {network.weights} weights, read by {', '.join(terms)}"
        yield network.name, _millions(network.parameters()), about


def _flow(generator: Generator, optimisation: Optimisation) -> str:
    if optimisation.flow_lr_factor == 0:
        return "frozen"
    then = f"trained at {optimisation.flow_lr_factor:g} times the learning rate"
    if not optimisation.flow_is_frozen(generator, 0):
        return then
    return f"frozen for {optimisation.flow_frozen_steps} generator steps, then {then}"


def _weights(module: VideoSuperResolution) -> Iterator[Row]:
    for name, schedule in module.losses.schedules.items():
        yield name, f"{schedule.value:g}", _when(schedule)


def _when(schedule: Schedule) -> str:
    begins = f"from generator step {schedule.start}" if schedule.start else ""
    rises = f"rising over {schedule.ramp} steps" if schedule.ramp > 1 else ""
    return ", ".join(filter(None, (begins, rises)))


def _run(
    module: VideoSuperResolution, config: dict[str, Any], datamodule: ClipDataModule, trainer: L.Trainer
) -> Iterator[Row]:
    data, optimisation = config["data"], module.optimisation
    clips = trainer.world_size * optimisation.accumulate * data["batch_size"]
    factors = f"{trainer.world_size} devices × {optimisation.accumulate} accumulated × {data['batch_size']} in a batch"
    yield "data", ", ".join(_data(datamodule, data))
    yield "step", f"{clips} clips = {factors}"
    yield "length", f"{config['trainer']['max_steps']} generator steps"
    yield "device", f"{trainer.world_size} × {trainer.strategy.root_device.type}, {trainer.precision}"
    yield "validated", f"moving average, decay {optimisation.ema_decay:g}" if module.ema else "generator as trained"
    yield "writes to", str(config["output_dir"])


def _data(datamodule: ClipDataModule, data: dict[str, Any]) -> Iterator[str]:
    assert datamodule.train_clips is not None
    yield f"{datamodule.name}, {datamodule.train_clips.sampler.clips} clips"
    if datamodule.broken:
        yield f"{len(datamodule.broken)} left out"
    if stills := datamodule.train_clips.sampler.stills:
        yield f"{stills} shots shorter than {data['frames']} frames as wandering stills"
    yield f"{data['frames']} frames of {data['crop']} px in an item"


def _millions(parameters: Iterable[nn.Parameter]) -> str:
    return f"{sum(parameter.numel() for parameter in parameters) / 1e6:.2f}"
