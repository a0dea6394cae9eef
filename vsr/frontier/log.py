"""Table and picture of a frontier in TensorBoard and Weights & Biases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from PIL import Image

from vsr.frontier.frontier import Frontier


def logger_named(name: str, folder: Path) -> Logger:
    """What ``configs/logger/`` has under ``name``, ``tensorboard`` or ``wandb`` (offline), in ``folder``."""
    if name == "tensorboard":
        return TensorBoardLogger(folder, name="tensorboard", version="")
    folder.mkdir(parents=True, exist_ok=True)
    return WandbLogger(project="vsr", name=f"frontier {folder.name}", save_dir=folder, offline=True)


def log_frontier(frontier: Frontier, picture: Path, loggers: Iterable[Logger]) -> None:
    """Send the table of the points, the picture and the hypervolume to each of ``loggers`` that can show them, and
    finish these.

    Args:
        frontier: whose table.
        picture: its ``frontier.png``.
        loggers: others than TensorBoard's and wandb's are left alone.
    """
    headings, rows = _table(frontier)
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            board = logger.experiment
            board.add_text("frontier/points", _markdown(headings, rows))
            board.add_image("frontier/picture", np.asarray(Image.open(picture).convert("RGB")), dataformats="HWC")
            board.add_scalar("frontier/hypervolume", frontier.hypervolume)
            logger.finalize("success")
        elif isinstance(logger, WandbLogger):
            logger.log_table("frontier/points", columns=headings, data=rows)
            logger.log_image("frontier/picture", [str(picture)])
            logger.log_metrics({"frontier/hypervolume": frontier.hypervolume})
            logger.experiment.finish()


def _table(frontier: Frontier) -> tuple[list[str], list[list[str | float | bool | None]]]:
    weights = frontier.varied_weights
    headings = [
        "point",
        "on the frontier",
        *(each.title for each in frontier.axes),
        *(f"λ {name}" for name in weights),
    ]
    rows: list[list[str | float | bool | None]] = []
    for point, on_frontier in zip(frontier.points, frontier.on_frontier, strict=True):
        scores = [point.values[each.metric] for each in frontier.axes]
        rows.append([point.label, on_frontier, *scores, *(point.weight(name) for name in weights)])
    return headings, rows


def _markdown(headings: list[str], rows: list[list[str | float | bool | None]]) -> str:
    lines = [map(_cell, headings), ["---"] * len(headings), *(map(_cell, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return "●" if value else ""
    if isinstance(value, str):
        return value.replace("|", r"\|")
    return "" if value is None else f"{value:g}"
