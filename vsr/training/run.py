"""One training run, from its config to ``results.json``."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import lightning as L
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from vsr.errors import UserError
from vsr.inference.evaluator import Evaluator
from vsr.inference.media import MediaFolder
from vsr.inference.results import config_hash, print_table, random_weights, results_record, write_json
from vsr.metrics import ClipScorer
from vsr.training.build import build_discriminators, build_generator, build_losses
from vsr.training.metrics_csv import MetricsCSV
from vsr.training.module import VideoSuperResolution
from vsr.training.summary import summary

log = logging.getLogger(__name__)


def train(cfg: DictConfig) -> float:
    """Train, validate, write everything a run writes, and return the mean PSNR-Y of the last validation.

    Raises:
        UserError: anything in ``cfg`` or on disk that the user can mend.
    """
    _quieten()
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    output_dir = Path(cfg.output_dir)
    resume = _checkpoint_to_resume(cfg.resume, output_dir)
    resumed_at = _generator_steps(resume) if resume else 0
    if resumed_at >= cfg.trainer.max_steps:
        raise UserError(
            f"{resume}: this run already made {resumed_at} generator steps; raise trainer.max_steps to go on"
        )
    L.seed_everything(cfg.seed, workers=True, verbose=False)

    losses = build_losses(config["loss"])
    discriminators = build_discriminators(config["discriminator"], losses)
    generator, start = build_generator(config["generator"], None if resume else cfg.init_from)
    losses.check_generator(generator)
    degradation = instantiate(config["degradation"])
    evaluator = Evaluator(degradation, ClipScorer(config["metrics"]), generator.scale)
    module = VideoSuperResolution(
        generator,
        degradation,
        losses,
        instantiate(config["optimizer"]),
        evaluator,
        discriminators,
        instantiate(config["diagnosis"]),
        config,
    )
    if cfg.compile:
        generator.compile()  # in place: the names in the state dict stay what they are
    datamodule = instantiate(config["data"])
    datamodule.batches = cfg.trainer.max_steps

    loggers = [MetricsCSV(output_dir, resumed_at), *(instantiate(node) for node in (config["logger"] or {}).values())]
    trainer = instantiate(
        config["trainer"],
        loggers=loggers,
        callbacks=[instantiate(node) for node in config["callbacks"].values()],
        output_dir=str(output_dir),
    )
    (output_dir / "checkpoints").mkdir(parents=True, exist_ok=True)
    evaluator.media = MediaFolder(output_dir / "media")
    if trainer.is_global_zero:
        OmegaConf.save(OmegaConf.create(config), output_dir / "config.yaml")
        log.info(summary(module, config, datamodule, trainer))
        log.info(f"continues {resume} at generator step {resumed_at}" if resume else start)

    trainer.fit(module, datamodule=datamodule, ckpt_path=resume, weights_only=True if resume else None)
    return _finish(trainer, module, datamodule, output_dir)


def _finish(
    trainer: L.Trainer, module: VideoSuperResolution, datamodule: L.LightningDataModule, output_dir: Path
) -> float:
    """Score the end of the run if its last validation has not, write ``results.json``, print the table."""
    if trainer.interrupted:
        raise UserError(f"interrupted; go on with resume=auto output_dir={output_dir}")
    if module.validated_at != module.generator_steps:
        trainer.validate(module, datamodule=datamodule, verbose=False)
    config = module.config
    record = results_record(
        module.results,
        {
            "dataset": datamodule.name,
            "protocol": module.evaluator.scorer.protocol.name,
            "scale": module.generator.scale,
            "degradation": module.degradation.name,  # type: ignore[attr-defined]
            "generator": type(module.generator).__name__,
            "checkpoint": str(output_dir / "checkpoints" / "last.ckpt"),
            "config_hash": config_hash(config),
            "generator_steps": module.generator_steps,
            "random_weights": random_weights(config),
            "loss_weights": module.losses.weights(module.generator_steps - 1),
        },
    )
    if trainer.is_global_zero:
        write_json(output_dir / "results.json", record)
        print_table(record)
        log.info(f"wrote {output_dir}: results.json, metrics.csv, config.yaml, checkpoints/, media/")
    return float(record["metrics"].get("psnr_y", float("nan")))


def _checkpoint_to_resume(resume: str | None, output_dir: Path) -> str | None:
    if not resume:
        return None
    last = output_dir / "checkpoints" / "last.ckpt"
    if resume == "auto":
        return str(last) if last.is_file() else None
    if not Path(resume).is_file():
        raise UserError(f"resume={resume}: no such checkpoint; name a file, or resume=auto with output_dir=DIR")
    return str(Path(resume).resolve())


def _generator_steps(checkpoint: str) -> int:
    from vsr.generators.load import read_weights

    return read_weights(checkpoint).generator_steps or 0


def _quieten() -> None:
    """Leave out what Lightning says to everybody and what does not concern this design."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    for message in (".*does not have many workers.*", ".*dataloader is not resumable.*", ".*litmodels.*"):
        warnings.filterwarnings("ignore", message)
