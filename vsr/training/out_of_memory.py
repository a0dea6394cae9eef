"""An answer to running out of memory: settings that would fit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.memory import is_out_of_cpu_memory

from vsr.errors import UserError
from vsr.training.scored import ScoredModule
from vsr.training.speed import GIB

UNITS = {"MiB": 2**20, "GiB": 2**30}
ROOM = 0.9  # of a device's memory that tensors can fill before its allocator is too fragmented


@dataclass(frozen=True)
class Shortage:
    """Bytes, as far as they are known: ``peak`` that tensors took, ``asked`` for when none were left, of ``total``."""

    peak: int = 0
    asked: int = 0
    total: int = 0

    @property
    def ratio(self) -> float:
        """What fits over what was needed so far, so that less may fit in the end; 1/2 where that is not known."""
        needed = self.peak + self.asked
        return min(0.9, ROOM * self.total / needed) if needed and self.total else 0.5

    def __str__(self) -> str:
        if not (self.peak and self.total):
            return ""
        asked = f", {self.asked / GIB:.2f} GiB more were asked for" if self.asked else ""
        return f" ({self.peak / GIB:.1f} of {self.total / GIB:.1f} GiB were taken{asked})"


@contextmanager
def out_of_memory_explained(trainer: L.Trainer, module: ScoredModule, config: Mapping[str, Any]) -> Iterator[None]:
    """Within: running out of memory raises `UserError` with settings that would fit.

    Args:
        trainer: that runs within.
        module: that is trained or validated.
        config: the resolved configuration.
    """
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, torch.OutOfMemoryError) or is_out_of_cpu_memory(error)):
            raise
        shortage = measured(str(error), trainer.strategy.root_device)
        where = f"out of memory on {trainer.strategy.root_device} at generator step {module.generator_steps}{shortage}"
        # A validation leaves the module in evaluation mode when it breaks off.
        advice = training_advice(config, shortage.ratio) if module.training else validation_advice(config)
        raise UserError(f"{where}; try, the first first: {'; '.join(advice)}") from error


def measured(message: str, device: torch.device) -> Shortage:
    """The shortage behind torch's error ``message`` on ``device``."""
    found = re.search(r"[Tt]ried to allocate ([\d.]+) (MiB|GiB)", message)
    asked = round(float(found[1]) * UNITS[found[2]]) if found else 0
    if device.type != "cuda":
        return Shortage(asked=asked)
    total = torch.cuda.get_device_properties(device).total_memory
    return Shortage(torch.cuda.max_memory_allocated(device), asked, total)


def training_advice(config: Mapping[str, Any], ratio: float) -> list[str]:
    """Overrides that each bring a training step down to about ``ratio`` of its memory, the least harmful first.

    Activations, which grow with clips, frames and pixels alike, are taken for all there is.
    """
    data, parts = config["data"], config["optimizer"].get("accumulate", 1)
    advice = []
    if config["memory"] != "low":
        advice.append("memory=low, which computes activations twice instead of keeping them")
    if str(config["trainer"]["precision"]).startswith("32"):
        advice.append("trainer.precision=bf16-mixed")
    batch, clips = data["batch_size"], parts * data["batch_size"]
    if smaller := [size for size in range(1, batch) if batch % size == 0]:
        fits = max((size for size in smaller if size <= batch * ratio), default=1)
        advice.append(f"data.batch_size={fits} optimizer.accumulate={clips // fits}, the same {clips} clips a step")
    crop, grid = data["crop"], 4 * config["scale"]
    if (side := math.floor(crop * math.sqrt(ratio) / grid) * grid) >= 16 * config["scale"]:
        advice.append(f"data.crop={side}")
    if (frames := math.floor(data["frames"] * ratio)) >= 2:
        advice.append(f"data.frames={frames}")
    return advice or ["a smaller generator"]


def validation_advice(config: Mapping[str, Any]) -> list[str]:
    """Overrides that make the clips of a validation smaller."""
    frames = config["data"].get("max_val_frames") or 30
    return [
        f"data.max_val_frames={max(frames // 2, 2)}, as clips are scored whole",
        "validation clips of fewer pixels",
    ]
