"""``jobs.csv`` of a sweep: what became of each job, a line each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from filelock import FileLock

from vsr.whole_file import append


class Status(StrEnum):
    """What became of a job."""

    TRAINED = "trained"
    SCORED_ANEW = "scored anew"
    FINISHED_BEFORE = "finished before"
    ELSEWHERE = "trained by another process"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """One line.

    Args:
        launch: which launch of the sweep it is of.
        job: its number in that launch, from 1.
        folder: its name in the sweep's folder.
        status: what became of it.
        seconds: that it took.
        config_hash: of what the job trains and scores.
        error: why it failed, in one line; empty where it did not.
    """

    launch: str
    job: int
    folder: str
    status: Status
    seconds: float
    config_hash: str
    error: str = ""


class Journal:
    """``jobs.csv``, written by processes of any machine.

    Args:
        folder: of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "jobs.csv"

    def add(self, entry: Entry) -> None:
        """Append a line."""
        with FileLock(self.path.with_name(".jobs.csv.lock")):
            text = io.StringIO()
            writer = csv.DictWriter(text, [field.name for field in fields(Entry)], lineterminator="\n")
            if not self.path.is_file():
                writer.writeheader()
            writer.writerow(asdict(entry))
            append(self.path, text.getvalue())

    def read(self) -> list[Entry]:
        """All lines."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [_entry(**row) for row in csv.DictReader(file)]

    def of(self, launch: str) -> list[Entry]:
        """The lines of one ``launch``, in the order of its jobs; of a job that a launcher began twice, the last."""
        last = {entry.job: entry for entry in self.read() if entry.launch == launch}
        return [last[job] for job in sorted(last)]


def seconds_a_job(entries: Sequence[Entry]) -> float | None:
    """Mean time that training one took; None where none was trained."""
    taken = [entry.seconds for entry in entries if entry.status is Status.TRAINED]
    return sum(taken) / len(taken) if taken else None


def _entry(launch: str, job: str, folder: str, status: str, seconds: str, config_hash: str, error: str) -> Entry:
    return Entry(launch, int(job), folder, Status(status), float(seconds), config_hash, error)
