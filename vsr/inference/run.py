"""Scoring checkpoints, from the config to ``results.json`` and the tables."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from vsr.data import ClipDataModule
from vsr.data.broken import BrokenFileError, refuse_too_many
from vsr.generators import Stochastic
from vsr.generators.load import load_generator
from vsr.inference.candidates import Candidate, common_scale, labels, sources_of
from vsr.inference.console_table import print_comparison, print_table
from vsr.inference.cost import Measured, summary
from vsr.inference.device import choose_device
from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.inference.lr_origin import LROrigin
from vsr.inference.media import MediaFolder
from vsr.inference.metric_choice import chosen
from vsr.inference.paper_table import latex, markdown
from vsr.inference.results import config_hash, random_weights, results_record, write_json
from vsr.inference.score_files import write_clips, write_frames
from vsr.inference.sheet import sheet
from vsr.inference.temperature import set_temperature
from vsr.metrics import ClipScorer
from vsr.whole_file import whole_file

log = logging.getLogger(__name__)


def evaluate(cfg: DictConfig) -> list[dict[str, Any]]:
    """Score every checkpoint of ``cfg.ckpt`` on ``cfg.data`` beside bicubic; write ``results.json`` (of several, each
    into a folder of its own), tables and pictures; print the table. Returns what each ``results.json`` holds.

    Raises:
        UserError: no checkpoint named, or anything in ``cfg`` or on disk that the user can mend.
    """
    candidates = _load(cfg)
    cfg.scale = common_scale(candidates, cfg.scale)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    output_dir = Path(cfg.output_dir)
    scorer = ClipScorer(chosen(config["metrics"]), config["protocol"])
    datamodule = instantiate(config["data"])
    degradation = instantiate(config["degradation"])
    device = choose_device(cfg.device)
    evaluator = Evaluator(degradation, scorer, cfg.scale, cfg.seed)
    evaluator.media = MediaFolder(output_dir / "media") if cfg.media else None
    origins = {
        each.label: LROrigin.of(config, datamodule.val_clips.brings_lr, degradation, each.weights.degradation)
        for each in candidates
    }
    for each in candidates:
        if origins[each.label].warning:
            log.warning(f"{each.weights.source}: {origins[each.label].warning}")

    measured = {each.label: Measured(each.generator.to(device)) for each in candidates}
    results, broken = _score(measured, evaluator, datamodule, device)
    over_clips = evaluator.over_clips()
    records = {
        each.label: results_record(
            each.label,
            results,
            over_clips,
            {
                "dataset": datamodule.name,
                "protocol": scorer.protocol.name,
                "scale": cfg.scale,
                **origins[each.label].record,
                **_about(each, scorer),
                "cost": summary(measured[each.label].costs, device) if results else None,
                "broken_files": [file.path or str(file) for file in broken],
            },
        )
        for each in candidates
    }
    _write(output_dir, records, results, measured)
    where = "results.json" if len(records) == 1 else "results.json of each in its folder"
    log.info(
        f"wrote {output_dir}: {where}, table.md, table.tex, clips.csv, frames.csv{', media/' if cfg.media else ''}"
    )
    return list(records.values())


def _load(cfg: DictConfig) -> list[Candidate]:
    sources = sources_of(cfg.ckpt)
    candidates = [
        Candidate(label, *load_generator(source)) for label, source in zip(labels(sources), sources, strict=True)
    ]
    for candidate in [each for each in candidates if each.generator.has_latent] or candidates:
        set_temperature(candidate.generator, cfg.temperature)
    return candidates


def _score(
    generators: Mapping[str, Measured], evaluator: Evaluator, datamodule: ClipDataModule, device: torch.device
) -> tuple[list[ClipResult], list[BrokenFileError]]:
    """The scores of the clips that can be read, and the files that cannot."""
    results, broken = [], list(datamodule.broken)
    loader = datamodule.val_dataloader()
    evaluator.begin(generators, device)
    for clip in track(loader, "scoring", total=len(loader)):
        if "hr" in clip:
            results.append(evaluator(generators, _to(clip, device)))
        for path, why in clip.get("broken", ()):
            log.warning(f"broken: {why} It is not scored.")
            broken.append(BrokenFileError(why, path))
    refuse_too_many(broken, len(loader) + len(datamodule.broken), datamodule.max_broken)
    return results, broken


def _about(candidate: Candidate, scorer: ClipScorer) -> dict[str, Any]:
    generator, weights = candidate.generator, candidate.weights
    return {
        "generator": type(generator).__name__,
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
        "temperature": generator.temperature if isinstance(generator, Stochastic) else None,
        "checkpoint": weights.source,
        "config_hash": config_hash(weights.config) if weights.config else None,
        "generator_steps": weights.generator_steps,
        "random_weights": random_weights(weights.config, scorer),
        "loss_weights": candidate.loss_weights,
    }


def _write(
    folder: Path,
    records: Mapping[str, Mapping[str, Any]],
    results: Sequence[ClipResult],
    measured: Mapping[str, Measured],
) -> None:
    """Write all files but the pictures, and print the table."""
    table = sheet(records)
    write_frames(folder / "frames.csv", results)
    write_clips(folder / "clips.csv", results, {label: each.costs for label, each in measured.items()})
    for name, text in (("table.md", markdown(table)), ("table.tex", latex(table))):
        with whole_file(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    for label, record in records.items():
        write_json((folder if len(records) == 1 else folder / label) / "results.json", dict(record))
    if len(records) == 1:
        print_table(next(iter(records.values())))
    else:
        print_comparison(table, records)


def _to(clip: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    return {key: value.to(device) if isinstance(value, torch.Tensor) else value for key, value in clip.items()}
