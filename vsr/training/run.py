"""One training run, from its config to ``results.json``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from vsr.data import ClipDataModule, EvaluationClips, TrainingClips
from vsr.errors import UserError
from vsr.heap import keep_freed_memory
from vsr.inference.console_table import print_table
from vsr.inference.lr_origin import LROrigin
from vsr.inference.media import MediaFolder
from vsr.inference.results import config_hash, media_record, random_weights, results_record, write_json
from vsr.training.broken_files import BrokenFiles
from vsr.training.build import build_module
from vsr.training.checkpoints import Checkpoints
from vsr.training.draws import Draws
from vsr.training.metrics_csv import MetricsCSV
from vsr.training.module import VideoSuperResolution
from vsr.training.out_of_memory import out_of_memory_explained
from vsr.training.resume import changed_keys, check_fits, find_checkpoint, resumed_config, validation_is_pending
from vsr.training.run_config import RunConfig
from vsr.training.scored import SR
from vsr.training.summary import summary
from vsr.training.training_time import TrainingTime
from vsr.whole_file import remove_scratch

log = logging.getLogger(__name__)


def train(cfg: DictConfig, overrides: Sequence[str] | None = None) -> float:
    """Train, validate, write everything a run writes, and return the mean PSNR-Y of the last validation.

    Args:
        cfg: the composed configuration.
        overrides: what of it was typed; a resumed run takes only this much of ``cfg``. None: all of it.

    Raises:
        UserError: anything in ``cfg`` or on disk that the user can mend.
    """
    _quieten()
    output_dir = Path(cfg.output_dir)
    resumed = find_checkpoint(cfg.resume, output_dir)
    if resumed and overrides is not None:
        cfg = resumed_config(cfg, resumed[1], overrides)
    if not resumed and (output_dir / "checkpoints" / "last.ckpt").is_file():
        raise UserError(
            f"{output_dir} holds a run already; go on with it with resume=auto, or choose another output_dir"
        )
    recipe: dict[str, Any] = OmegaConf.to_container(cfg, resolve=False)  # type: ignore[assignment]
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    L.seed_everything(config["seed"], workers=True, verbose=False)

    module, start = build_module(config, recipe, from_scratch=not resumed)
    if resumed:
        check_fits(module, *resumed)
        changes = ", ".join(changed_keys(_comparable(resumed[1]["config"]), _comparable(config))) or "none"
        start = f"goes on from {resumed[0]} at generator step {resumed[1]['generator_steps']}; changed keys: {changes}"
        if resumed[1]["generator_steps"] >= config["trainer"]["max_steps"]:
            start += "; no step is left, it is only scored: raise trainer.max_steps to train on"
    elif config["resume"]:
        start += f"; resume={config['resume']}: there is no checkpoint in {output_dir} yet"
    if config["compile"]:
        module.generator.compile()  # in place: the names in the state dict stay what they are
    datamodule = instantiate(config["data"])
    if datamodule.train_clips is None:
        raise UserError(f"data={datamodule.name} is for evaluation only. Choose another data= to train on.")
    module.lr_recipe = _lr_of(datamodule.train_clips, module, config).scored
    if getattr(module.degradation, "runs_in_workers", False):
        datamodule.degradation = module.degradation
    datamodule.batches = config["trainer"]["max_steps"]
    datamodule.batch_size *= module.optimisation.accumulate
    module.evaluator.media = MediaFolder(output_dir / "media")

    resumed_at = int(resumed[1]["generator_steps"]) if resumed else 0
    loggers = [MetricsCSV(output_dir, resumed_at), *(instantiate(node) for node in (config["logger"] or {}).values())]
    watching = [instantiate(node) for node in config["callbacks"].values() if node]
    watching.sort(key=lambda callback: isinstance(callback, Checkpoints))  # last: it saves what the others log
    broken = BrokenFiles(datamodule)
    clock = TrainingTime(resumed[1].get("training_seconds", 0.0) if resumed else 0.0)
    callbacks = [clock, RunConfig(output_dir, config), Draws(config["seed"]), broken, *watching]
    trainer = instantiate(config["trainer"], loggers=loggers, callbacks=callbacks, output_dir=str(output_dir))
    if trainer.strategy.root_device.type == "cpu":
        keep_freed_memory()
    if trainer.is_global_zero:
        remove_scratch(output_dir, output_dir / "media", *(output_dir / "media").glob("*/"))
        log.info(summary(module, config, datamodule, trainer))
        log.info(start)
    for logger in loggers:
        logger.log_hyperparams(config)

    path, length = resumed[0] if resumed else None, config["trainer"]["max_steps"]
    with out_of_memory_explained(trainer, module, config):
        if resumed and validation_is_pending(resumed[1], config["trainer"]["val_every"], length):
            trainer.validate(module, datamodule=datamodule, ckpt_path=path, weights_only=True, verbose=False)
        if resumed_at < length:
            trainer.fit(module, datamodule=datamodule, ckpt_path=path, weights_only=True)
    return _write_results(trainer, module, datamodule, output_dir, broken, clock.seconds)


def _write_results(
    trainer: L.Trainer,
    module: VideoSuperResolution,
    datamodule: ClipDataModule,
    output_dir: Path,
    broken: BrokenFiles,
    training_seconds: float,
) -> float:
    """Write ``results.json`` from the last validation and print the table."""
    config = module.config
    scorer = module.evaluator.scorer
    record = results_record(
        SR,
        module.results,
        module.scores,
        {
            "dataset": datamodule.name,
            "protocol": scorer.protocol.name,
            "scale": module.generator.scale,
            **_lr_of(datamodule.val_clips, module, config).record,
            "generator": type(module.generator).__name__,
            "checkpoint": str(output_dir / "checkpoints" / "last.ckpt"),
            "config_hash": config_hash(config),
            "generator_steps": module.generator_steps,
            "random_weights": random_weights(config, scorer),
            "training_seconds": round(training_seconds, 1),
            "loss_weights": module.losses.weights(module.generator_steps - 1),
            "curve": None,
            "broken_files": broken.paths,
            "codec_failures": broken.codec_failures,
            "media": media_record(SR, module.results, output_dir),
        },
    )
    if trainer.is_global_zero:
        write_json(output_dir / "results.json", record)
        print_table(record)
        if broken.paths:
            log.warning(f"{len(broken.paths)} files were left out: {', '.join(broken.paths)}")
        if broken.codec_failures:
            log.warning(f"{broken.codec_failures} clips became JPEG because a video codec failed on them")
        log.info(f"wrote {output_dir}: results.json, metrics.csv, config.yaml, checkpoints/, media/")
    return float(record["metrics"].get("psnr_y", float("nan")))


def _lr_of(
    clips: TrainingClips | EvaluationClips | None, module: VideoSuperResolution, config: dict[str, Any]
) -> LROrigin:
    """What made the LR of ``clips``."""
    given = clips is not None and clips.brings_lr
    return LROrigin.of(config, given, module.degradation, module.lr_recipe)


def _comparable(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in ("output_dir", "resume", "callbacks", "logger")}


def _quieten() -> None:
    """Leave out what Lightning says to everybody and what does not concern this design."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*dataloader is not resumable.*",
        ".*litmodels.*",
        ".*LeafSpec.*",
        ".*max number of worker.*",
        ".*sync_dist.*",  # what is logged of a validation is the same on every rank: `gather` has seen to it
        ".*lr_scheduler.step... before .optimizer.step.*",  # discriminators may be stepped later than the generator
    ):
        warnings.filterwarnings("ignore", message)
