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
from vsr.inference.candidates import candidates
from vsr.inference.checkpoint import Checkpoint, common_scale, load_checkpoints
from vsr.inference.console_table import print_comparison, print_table
from vsr.inference.cost import Cost, summary
from vsr.inference.device import choose_device
from vsr.inference.evaluator import ClipResult, Evaluator, SuperResolve
from vsr.inference.lr_origin import LROrigin
from vsr.inference.media import MediaFolder
from vsr.inference.metric_choice import scorer_for
from vsr.inference.paper_table import latex, markdown
from vsr.inference.results import media_record, results_record, write_json
from vsr.inference.score_files import write_clips, write_frames
from vsr.inference.sheet import sheet
from vsr.whole_file import whole_file

log = logging.getLogger(__name__)


def evaluate(cfg: DictConfig) -> list[dict[str, Any]]:
    """Score every checkpoint of ``cfg.ckpt``, or points of a curve through them, on ``cfg.data`` beside bicubic; write
    ``results.json`` (of several, each into a folder of its own), tables and pictures; print the table. Returns what
    each ``results.json`` holds.

    Raises:
        UserError: no checkpoint named, or anything in ``cfg`` or on disk that the user can mend.
    """
    device = choose_device(cfg.device)
    checkpoints = load_checkpoints(cfg.ckpt, device)
    cfg.scale = common_scale(checkpoints, cfg.scale)
    scored = {each.label: each for each in candidates(checkpoints, cfg)}
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    datamodule = instantiate(config["data"])
    degradation = instantiate(config["degradation"])
    origins = _origins(config, datamodule, degradation, checkpoints)
    scorer = scorer_for(config["metrics"], config["protocol"], datamodule.val_clips, device)
    evaluator = Evaluator(degradation, scorer, cfg.scale, cfg.seed)
    output_dir = Path(cfg.output_dir)
    evaluator.media = MediaFolder(output_dir / "media") if cfg.media else None

    generators = {label: each.super_resolve for label, each in scored.items()}
    results, broken = _score(generators, evaluator, datamodule, device)
    over_clips = evaluator.over_clips()
    folders = {label: output_dir / label if len(scored) > 1 else output_dir for label in scored}
    records = {
        label: results_record(
            label,
            results,
            over_clips,
            {
                "dataset": datamodule.name,
                "protocol": scorer.protocol.name,
                "scale": cfg.scale,
                **_shared([origins[checkpoint.source].record for checkpoint in each.checkpoints]),
                **each.record(scorer),
                "cost": summary(each.costs, device) if results else None,
                "broken_files": [file.path or str(file) for file in broken],
                "media": media_record(label, results, folders[label]),
            },
        )
        for label, each in scored.items()
    }
    _write(output_dir, folders, records, results, {label: each.costs for label, each in scored.items()})
    where = "results.json" if len(records) == 1 else "results.json of each in its folder"
    log.info(
        f"wrote {output_dir}: {where}, table.md, table.tex, clips.csv, frames.csv{', media/' if cfg.media else ''}"
    )
    return list(records.values())


def _origins(
    config: Mapping[str, Any], datamodule: ClipDataModule, degradation: Any, checkpoints: Sequence[Checkpoint]
) -> dict[str, LROrigin]:
    """Of the LR, for each of ``checkpoints`` by its source; warns where it was trained on other LR."""
    given = datamodule.val_clips is not None and datamodule.val_clips.brings_lr
    origins = {each.source: LROrigin.of(config, given, degradation, each.weights.degradation) for each in checkpoints}
    for source, origin in origins.items():
        if origin.warning:
            log.warning(f"{source}: {origin.warning}")
    return origins


def _score(
    generators: Mapping[str, SuperResolve], evaluator: Evaluator, datamodule: ClipDataModule, device: torch.device
) -> tuple[list[ClipResult], list[BrokenFileError]]:
    """The scores of the clips that can be read, and the files that cannot."""
    results, broken = [], list(datamodule.broken)
    loader = datamodule.val_dataloader()
    total = len(loader) + len(broken)
    refuse_too_many(broken, total, datamodule.max_broken)
    evaluator.begin(generators, device)
    for clip in track(loader, "scoring", total=len(loader)):
        if "hr" in clip:
            results.append(evaluator(generators, _to(clip, device)))
        for path, why in clip.get("broken", ()):
            log.warning(f"broken: {why} It is not scored.")
            broken.append(BrokenFileError(why, path))
            refuse_too_many(broken, total, datamodule.max_broken)  # at once: the others take hours
    return results, broken


def _shared(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all ``records`` say, None where they differ."""
    first = records[0]
    return {key: first[key] if all(record[key] == first[key] for record in records) else None for key in first}


def _write(
    folder: Path,
    folders: Mapping[str, Path],
    records: Mapping[str, Mapping[str, Any]],
    results: Sequence[ClipResult],
    costs: Mapping[str, Sequence[Cost]],
) -> None:
    """Write all files but the pictures, and print the table."""
    table = sheet(records)
    write_frames(folder / "frames.csv", results)
    write_clips(folder / "clips.csv", results, costs)
    for name, text in (("table.md", markdown(table)), ("table.tex", latex(table))):
        with whole_file(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    for label, record in records.items():
        write_json(folders[label] / "results.json", dict(record))
    if len(records) == 1:
        print_table(next(iter(records.values())))
    else:
        print_comparison(table, records)


def _to(clip: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    return {key: value.to(device) if isinstance(value, torch.Tensor) else value for key, value in clip.items()}
