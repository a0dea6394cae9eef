"""Scoring a checkpoint, from its config to ``results.json``."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from vsr.data import ClipDataModule
from vsr.data.broken import BrokenFileError, refuse_too_many
from vsr.errors import UserError
from vsr.generators import Generator, Stochastic
from vsr.generators.load import Weights, load_generator
from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.inference.lr_origin import LROrigin
from vsr.inference.media import MediaFolder
from vsr.inference.results import config_hash, print_table, random_weights, results_record, write_json
from vsr.losses import Schedule
from vsr.metrics import ClipScorer

log = logging.getLogger(__name__)


def evaluate(cfg: DictConfig) -> dict[str, Any]:
    """Score ``cfg.ckpt`` on ``cfg.data`` beside bicubic; write ``results.json`` and pictures; print the table.

    Raises:
        UserError: no checkpoint named, or anything in ``cfg`` or on disk that the user can mend.
    """
    if cfg.ckpt is None:
        raise UserError("ckpt is not set; name a run, a checkpoint, a published file or an asset: ckpt=runs/demo")
    generator, weights = load_generator(cfg.ckpt)
    if cfg.scale not in (None, generator.scale):
        raise UserError(f"scale={cfg.scale}: {cfg.ckpt} was trained for x{generator.scale}; leave scale unset")
    cfg.scale = generator.scale
    set_temperature(generator, cfg.temperature)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    output_dir = Path(cfg.output_dir)
    datamodule = instantiate(config["data"])
    degradation = instantiate(config["degradation"])
    device = _device(cfg.device)
    evaluator = Evaluator(degradation, ClipScorer(config["metrics"]), generator.scale, cfg.seed)
    evaluator.media = MediaFolder(output_dir / "media") if cfg.media else None

    origin = LROrigin.of(config, datamodule.val_clips.brings_lr, degradation, weights.degradation)
    if origin.warning:
        log.warning(f"{cfg.ckpt}: {origin.warning}")

    results, broken = _score(generator.to(device), evaluator, datamodule, device)
    record = results_record(
        results,
        {
            "dataset": datamodule.name,
            "protocol": evaluator.scorer.protocol.name,
            "scale": generator.scale,
            **origin.record,
            "generator": type(generator).__name__,
            "temperature": generator.temperature if isinstance(generator, Stochastic) else None,
            "checkpoint": cfg.ckpt,
            "config_hash": config_hash(weights.config) if weights.config else None,
            "generator_steps": weights.generator_steps,
            "random_weights": random_weights(weights.config),
            "loss_weights": _loss_weights(weights),
            "broken_files": [file.path or str(file) for file in broken],
        },
    )
    write_json(output_dir / "results.json", record)
    print_table(record)
    log.info(f"wrote {output_dir / 'results.json'}" + (f" and {output_dir / 'media'}" if cfg.media else ""))
    return record


def _score(
    generator: Generator, evaluator: Evaluator, datamodule: ClipDataModule, device: torch.device
) -> tuple[list[ClipResult], list[BrokenFileError]]:
    """The scores of the clips that can be read, and the files that cannot."""
    results, broken = [], list(datamodule.broken)
    loader = datamodule.val_dataloader()
    for clip in track(loader, "scoring", total=len(loader)):
        if "hr" in clip:
            results.append(evaluator(generator, _to(clip, device)))
        for path, why in clip.get("broken", ()):
            log.warning(f"broken: {why} It is not scored.")
            broken.append(BrokenFileError(why, path))
    refuse_too_many(broken, len(loader) + len(datamodule.broken), datamodule.max_broken)
    return results, broken


def set_temperature(generator: Generator, temperature: float | None) -> None:
    """Set the temperature of a generator with a latent; None leaves every generator as it is.

    Raises:
        UserError: the generator has no latent, or the temperature is no number from 0 on.
    """
    if temperature is None:
        return
    if not isinstance(generator, Stochastic):
        raise UserError(
            f"temperature={temperature}: {type(generator).__name__} has no latent to draw; leave temperature unset"
        )
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature < math.inf:
        raise UserError(f"temperature={temperature}: expected a number from 0 on")
    generator.temperature = float(temperature)


def _loss_weights(weights: Weights) -> dict[str, float] | None:
    """λ of each term at the last step of the run that made ``weights``; None where nothing is known of it."""
    if weights.config is None or not weights.generator_steps:
        return None
    schedules = {name: Schedule.parse(name, node["weight"]) for name, node in weights.config["loss"].items()}
    return {name: schedule(weights.generator_steps - 1) for name, schedule in schedules.items() if schedule.value}


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"device={name} cannot be used here; try device=cpu") from error


def _to(clip: dict[str, Any], device: torch.device) -> dict[str, Any]:
    return {key: value.to(device) if isinstance(value, torch.Tensor) else value for key, value in clip.items()}
