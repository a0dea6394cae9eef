"""Training items a second that one reading process gets from each kind of storage, and the memory that it takes.

    python benchmarks/data_loading.py

An item is 15 frames of 256x256 out of a 1280x720 video, drawn, read, turned and made a tensor as in training. The
video is Big Buck Bunny from the sample videos, forwards and backwards until it is long enough, or another one.
The same frames are written as each kind of storage, of one also as 24 files, for a process keeps at most 8 open; every
reader has a process of its own, and they take turns. Files are read from the system's cache of them, so this is what a
processor can do, not a disk.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_storage import KINDS, Kind, video_frames
from reading_process import ReadingProcess
from rich.console import Console
from rich.table import Table

from vsr import assets
from vsr.errors import UserError

BASE = "PNG"
"""What the others are compared with."""

EARLY = 200
"""Items after which memory should not grow any more."""


def speeds(processes: dict[str, ReadingProcess], seconds: float, rounds: int) -> dict[str, float]:
    """Items a second of each, the median of its turns."""
    taken: dict[str, list[float]] = {name: [] for name in processes}
    for turn in range(rounds + 1):
        for name, process in processes.items():
            speed = process.read_for(seconds)
            if turn:  # the first opens files and fills caches
                taken[name].append(speed)
    return {name: statistics.median(speeds) for name, speeds in taken.items()}


def speed_table(kinds: Sequence[Kind], speed: dict[str, float], disk: dict[str, int]) -> Table:
    """Speeds, their ratios to PNG, and the space that each kind takes."""
    table = Table(title="items a second of one process")
    for heading in ("", "items/s", f"times {BASE}", "MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for kind in kinds:
        ratio = speed[kind.name] / speed[BASE]
        table.add_row(kind.name, f"{speed[kind.name]:.2f}", f"{ratio:.1f}", f"{disk[kind.name] / 1e6:.0f}")
    return table


def memory_table(processes: dict[str, ReadingProcess], items: int, patience: float) -> Table:
    """Resident memory of each process after 200 items and after ``items``, or as many as it reads with patience."""
    table = Table(title="resident memory, MB")
    for heading in ("", f"after {EARLY}", "at the end", "growth", "items"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, process in processes.items():
        early = process.read_until(min(EARLY, items), patience)
        late = process.read_until(items, patience)
        growth = late / early - 1
        table.add_row(name, f"{early:.0f}", f"{late:.0f}", f"{growth:+.1%}", str(process.items))
    return table


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--video", type=Path, help="a video of at least 1280x720 (default: the sample Big Buck Bunny)")
    add("--length", type=int, default=300, help="frames of the video (default %(default)s)")
    add("--readers", nargs="+", choices=list(KINDS), default=list(KINDS), help=f"default: all; {BASE} always is")
    add("--seconds", type=float, default=4, help="of one turn, at least one item (default %(default)s)")
    add("--rounds", type=int, default=5, help="turns of each (default %(default)s)")
    add("--items", type=int, default=2000, help="read for the memory; 0: do not measure it (default %(default)s)")
    add("--memory-readers", nargs="*", choices=list(KINDS), help="whose memory is measured (default: all)")
    add("--patience", type=float, default=240, help="seconds for the items of one reader (default %(default)s)")
    add("--folder", type=Path, help="keep what is written here, and use what is there (default: a temporary one)")
    arguments = parser.parse_args()
    console = Console()

    kinds = [kind for name, kind in KINDS.items() if name in {BASE, *arguments.readers}]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        frames = video_frames(arguments.video or assets.fetch("sample_bigbuckbunny"), arguments.length)
        console.print(f"{arguments.length} frames of 1280x720, from {arguments.video or 'Big Buck Bunny'}")
        for kind in kinds:
            if not kind.path(folder).exists():
                kind.write(kind.path(folder), frames)
        del frames
        context = multiprocessing.get_context("spawn")
        processes = {kind.name: ReadingProcess(context, kind, folder) for kind in kinds}
        try:
            speed = speeds(processes, arguments.seconds, arguments.rounds)
            disk = {kind.name: size_on_disk(kind.path(folder)) for kind in kinds}
            console.print(speed_table(kinds, speed, disk))
            chosen = arguments.memory_readers if arguments.memory_readers is not None else list(processes)
            if arguments.items:
                measured = {name: processes[name] for name in chosen if name in processes}
                console.print(memory_table(measured, arguments.items, arguments.patience))
        finally:
            for process in processes.values():
                process.end()


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
