"""What became of the sources' shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from vsr.data.broken import BrokenFileError
from vsr.data.prepare.plan import DUPLICATE, SHORT, STATIC
from vsr.data.prepare.store_folder import gigabytes
from vsr.data.store.folder import HEADER_BYTES
from vsr.data.store.index import Shot

FATES = {"stored": None, "dropped: too short": SHORT, "dropped: static": STATIC, "dropped: duplicate": DUPLICATE}
FEW = 5  # duplicates that are named


@dataclass(frozen=True)
class Report:
    """Of one call of `prepare`.

    Attributes:
        shots: of all its sources, whenever they were stored or dropped.
        broken: files that were left out.
    """

    shots: Sequence[Shot]
    broken: Sequence[BrokenFileError]

    def fate(self, why: str | None) -> list[Shot]:
        """The shots dropped for a reason, `SHORT`, `STATIC` or `DUPLICATE`; for none, the stored ones."""
        return [shot for shot in self.shots if shot.dropped == why]

    def duplicates(self) -> list[str]:
        """Which shot was dropped for which: the first few, a line each, and how many more there are."""
        dropped = self.fate(DUPLICATE)
        lines = [f"dropped '{shot.name}' ({_size(shot)}) as a duplicate of '{shot.original}'" for shot in dropped]
        more = len(lines) - FEW
        return lines[:FEW] + ([f"and {more} more duplicates: see index.jsonl"] if more > 0 else [])

    def table(self) -> Table:
        """Shots, frames and disk by what became of them."""
        table = Table()
        for heading in ("", "shots", "frames", "disk"):
            table.add_column(heading, justify="right" if heading else "left")
        for title, why in FATES.items():
            shots = self.fate(why)
            disk = "" if why else gigabytes(sum(shot.bytes + HEADER_BYTES for shot in shots))
            table.add_row(title, str(len(shots)), str(sum(shot.frames for shot in shots)), disk)
        table.add_row("left out: broken files", str(len(self.broken)), "", "")
        return table


def _size(shot: Shot) -> str:
    return f"{shot.width}x{shot.height}, {shot.frames} frames"
