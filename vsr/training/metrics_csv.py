"""``metrics.csv``: the local truth of a run, whatever else it is logged to."""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from vsr.whole_file import append, whole_file


class MetricsCSV(Logger):
    """One row a generator step that was logged, one column a metric; training and validation share the row of a step.

    Lightning's CSVLogger deletes the file when a run is resumed; this one keeps the rows up to the resumed step.

    Args:
        folder: where ``metrics.csv`` goes.
        resumed_at: generator step the run goes on from; rows after it are dropped. 0 starts anew.
    """

    def __init__(self, folder: Path, resumed_at: int = 0) -> None:
        super().__init__()
        self.path = folder / "metrics.csv"
        self.rows: dict[int, dict[str, Any]] = {}
        self._columns: set[str] = set()  # of the file; empty until this run has written it
        if resumed_at and self.path.is_file():
            self.rows = {step: row for step, row in _read(self.path) if step <= resumed_at}

    @property
    def name(self) -> str:
        """Of the logger."""
        return "csv"

    @property
    def version(self) -> str:
        """There is one file a run."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: ``config.yaml`` beside the file holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Take up ``metrics`` of generator step ``step`` and bring the file up to date."""
        number = int(step or 0)
        known = number in self.rows
        row = self.rows.setdefault(number, {"step": number})
        row.update({name: value for name, value in metrics.items() if name not in ("epoch", "step")})
        if known or not self._columns.issuperset(row):
            self._rewrite()
        else:
            line = io.StringIO(newline="")
            csv.DictWriter(line, self._header()).writerow(row)
            append(self.path, line.getvalue())

    def _header(self) -> list[str]:
        return ["step", *sorted(self._columns - {"step"})]

    def _rewrite(self) -> None:
        """Write the file whole or not at all: a column or a part of a row is new."""
        self._columns = {name for row in self.rows.values() for name in row}
        with whole_file(self.path) as part, part.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._header())
            writer.writeheader()
            writer.writerows(self.rows[step] for step in sorted(self.rows))


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Step and values of each row but one that a process was killed over."""
    with path.open(newline="") as file:
        whole = (line for line in file if line.endswith("\n"))
        for row in csv.DictReader(whole):
            yield int(row["step"]), {name: value for name, value in row.items() if value != ""}
