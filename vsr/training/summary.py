"""What a run is about to do, in a few lines a person reads before leaving it alone."""

from __future__ import annotations

from typing import Any

import lightning as L
from torch import nn

from vsr.training.module import VideoSuperResolution


def summary(
    module: VideoSuperResolution, config: dict[str, Any], datamodule: L.LightningDataModule, trainer: L.Trainer
) -> str:
    """Networks with their parameters, λ of each term, batch and length of the run, and where it writes."""
    networks: dict[str, nn.Module] = {f"generator {type(module.generator).__name__}": module.generator}
    networks |= {f"discriminator {name}": critic for name, critic in module.discriminators.items()}
    lines = [f"{name}: {_millions(network)} M parameters" for name, network in networks.items()]
    lines += [f"loss {name}: λ = {_describe(schedule)}" for name, schedule in module.losses.schedules.items()]
    data = config["data"]
    lines.append(
        f"data {datamodule.name}: {trainer.world_size} × {data['batch_size']} clips of {data['frames']} frames, "
        f"{data['crop']} px, a step; {config['trainer']['max_steps']} generator steps on "
        f"{trainer.strategy.root_device} in {trainer.precision}"
    )
    lines.append(f"writes to {config['output_dir']}")
    return "\n".join(lines)


def _millions(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.2f}"


def _describe(schedule: Any) -> str:
    text = f"{schedule.value:g}"
    if schedule.start:
        text += f" from generator step {schedule.start}"
    if schedule.ramp > 1:
        text += f", rising over {schedule.ramp} steps"
    return text
