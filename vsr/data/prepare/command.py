"""The command ``python -m vsr.data.prepare``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from rich.console import Console

from vsr.data.prepare.bar import AboveBar
from vsr.data.prepare.run import prepare
from vsr.data.prepare.settings import Settings
from vsr.data.prepare.verify import verify
from vsr.errors import UserError
from vsr.options import refuse_unknown


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare a store, or verify one. Exits with 1 where that cannot be done or the store is damaged, with 130 on
    Ctrl-C."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, handlers=[AboveBar()])
    try:
        options = _options(arguments)
        if options.verify:
            _verify(options.output)
        else:
            _prepare(options)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        sys.exit(130)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, unknown = parser.parse_known_intermixed_args(arguments)
    refuse_unknown(parser, unknown)
    if options.output is None:
        raise UserError("No folder for the store was given: add --output DIR.")
    if options.verify and options.sources:
        sources = " ".join(options.sources)
        raise UserError(f"--verify checks a store and reads no SOURCE: leave out {sources}, or --verify.")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vsr.data.prepare",
        description="Turn videos and folders of frames into a store for data=store: raw frames, one file a shot, from "
        "which a crop is read without decoding. Shots that are too short, static or duplicates are dropped. A store "
        "takes 3 bytes a pixel: 2.8 GB for 1000 frames of 1280x720. The same command goes on where it stopped.",
    )
    kept = Settings()
    add = parser.add_argument
    add("sources", nargs="*", metavar="SOURCE", help="a video, or a folder with videos or frames in it")
    add("--output", metavar="DIR", help="folder of the store, new or to be added to")
    add("--min-frames", type=int, metavar="N", default=kept.min_frames, help="drop shorter shots (%(default)s)")
    add("--max-height", type=int, metavar="N", help="reduce higher pictures to N rows")
    add("--every", type=int, metavar="N", default=kept.every, help="store only every Nth frame (%(default)s)")
    add("--keep-static", action="store_true", help="keep shots in which nothing moves")
    add("--keep-duplicates", action="store_true", help="keep copies, also ones that were re-encoded")
    add("--workers", type=int, metavar="N", default=4, help="processes that read and write (%(default)s)")
    add("--index", metavar="DIR", default="runs/index", help="what is found out about the sources (%(default)s)")
    add("--verify", action="store_true", help="instead: check the hash of every file of the store")
    return parser


def _prepare(options: argparse.Namespace) -> None:
    if not options.sources:
        raise UserError("Nothing to prepare: give at least one SOURCE, a video or a folder.")
    if options.workers < 0:
        raise UserError(f"--workers {options.workers}: expected 0 or more")
    settings = Settings(
        options.min_frames, options.max_height, options.every, options.keep_static, options.keep_duplicates
    )
    report = prepare(options.sources, options.output, settings, options.workers, options.index)
    Console().print(report.table())
    for line in report.duplicates():
        print(line)
    print(f"Train on it with: data=store data.root={options.output}")


def _verify(folder: str) -> None:
    files, broken = verify(folder)
    for fault in broken:
        print(fault, file=sys.stderr)
    if broken:
        raise UserError(f"{len(broken)} of the {files} files of '{folder}' are damaged.")
    print(f"All {files} files of '{folder}' are as they were written.")
