"""The command ``python -m vsr.frontier``."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from vsr.errors import UserError
from vsr.frontier.console_table import print_frontier
from vsr.frontier.files import write
from vsr.frontier.frontier import Frontier
from vsr.frontier.tracing import AXES, trace
from vsr.options import refuse_unknown


def main(arguments: Sequence[str] | None = None) -> None:
    """Collect, score, print and write. Exits with 1 where that cannot be done."""
    try:
        options = _options(arguments)
        axes = [name for name in (options.x, options.y, options.z) if name]
        frontier = trace(options.folders, axes, _reference(options.reference), _pairs(options.only))
        folder = options.output or _folder(options.folders[0])
        files = write(frontier, folder, html=options.html, colour=options.colour)
        print_frontier(frontier)
        print(f"Wrote {folder}: {', '.join(file.name for file in files)}")
        if options.log:
            _log(frontier, folder, options.log)
    except UserError as error:
        sys.exit(f"error: {error}")


def _log(frontier: Frontier, folder: Path, names: Sequence[str]) -> None:
    from vsr.frontier.log import log_frontier, logger_named  # takes seconds, which few runs need

    log_frontier(frontier, folder / "frontier.png", [logger_named(name, folder) for name in dict.fromkeys(names)])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    refuse_unknown(parser, unknown)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vsr.frontier",
        description="Collect every results.json in or below the folders, and write frontier.json, .csv, .png and "
        ".html: which points no other beats, the hypervolume they dominate, and how the losses' weights move them.",
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR", help="a run, a sweep, or any folder above such")
    add("--x", metavar="METRIC", default=AXES[0], help="first axis (%(default)s)")
    add("--y", metavar="METRIC", default=AXES[1], help="second axis (%(default)s)")
    add("--z", metavar="METRIC", help="third axis")
    add("--reference", metavar="X,Y[,Z]", default="bicubic", help="where the hypervolume ends (%(default)s's scores)")
    add("--only", action="append", default=[], metavar="KEY=VALUE", help="leave out other results: protocol=plain")
    add("--colour", metavar="TERM", help="loss term whose weight the colours show (the one that varies most)")
    add("--output", type=Path, metavar="DIR", help="folder to write to (the first DIR)")
    add("--no-html", action="store_false", dest="html", help="do not write frontier.html")
    add("--log", action="append", default=[], choices=("tensorboard", "wandb"), help="show it there, too")
    return parser


def _reference(text: str) -> list[float] | None:
    if text == "bicubic":
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"--reference {text}: expected bicubic, or a number for each axis as in 25.4,0.36")
    return numbers


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (_, sign, value) in zip(texts, pairs, strict=True):
        if not sign or not value:
            raise UserError(f"--only {text}: expected KEY=VALUE as in protocol=plain")
    return {key: value for key, _, value in pairs}


def _folder(place: Path) -> Path:
    return place if place.is_dir() else place.parent
