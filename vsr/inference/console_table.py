"""The tables that a person reads in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vsr.inference.sheet import MOST_CLIPS, Cell, Sheet, about, caption
from vsr.metrics import METRICS
from vsr.results_layout import BICUBIC
from vsr.terminal import terminal

Column = Sequence[str]
"""Cells in rich's markup, the heading first."""


def print_table(record: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the scores of the set in ``record`` and of each of its clips, with what they gain over bicubic."""
    table = Table(title=f"{record['generator']} against bicubic", caption=about(record))
    for heading in ("clip", "metric", BICUBIC, "SR", "change"):
        table.add_column(heading, justify="left" if heading in ("clip", "metric") else "right")
    for name, bicubic, scores in _rows(record):
        for metric, score in scores.items():
            table.add_row(escape(name), *_cells(metric, bicubic[metric], score))
            name = ""
        table.add_section()
    console = console or terminal()
    console.print(table)
    for reason in record["refused"].values():
        console.print(f"left out: {reason}")
    _own_up(record, console)


def print_comparison(sheet: Sheet, records: Mapping[str, Mapping[str, Any]], console: Console | None = None) -> None:
    """Print the block of ``sheet`` that is of the whole set: of methods and metrics, those go down that are more.

    Where it is wider than the console, its columns follow in several tables.

    Args:
        sheet: of ``records``.
        records: by the checkpoints' names.
        console: where to; None: standard output.
    """
    title, rows = sheet.blocks[-1]
    lines = [("", *sheet.headings), *((escape(row.method), *map(_shown, row.cells)) for row in rows)]
    if len(rows) <= len(sheet.headings):
        lines = list(zip(*lines, strict=True))
    console = console or terminal()
    first, *columns = zip(*lines, strict=True)
    for some in _beside_each_other(first, columns, console.width):
        table = Table(title=title)
        for number, column in enumerate((first, *some)):
            table.add_column(column[0], justify="right" if number else "left", no_wrap=not number, overflow="fold")
        for line in zip(*(column[1:] for column in (first, *some)), strict=True):
            table.add_row(*line)
        console.print(table)
    console.print(caption(records), style="italic dim", highlight=False, markup=False)
    for record in records.values():
        _own_up(record, console)


def _beside_each_other(first: Column, columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """``columns`` in groups that fit into ``width`` beside ``first``; one that never does is a group of its own."""
    group: list[Column] = []
    for column in columns:
        if group and sum(map(_width, (first, *group, column))) + 1 > width:
            yield group
            group = []
        group.append(column)
    yield group


def _width(column: Column) -> int:
    """Of a column with its border and padding."""
    return 3 + max(len(line) for cell in column for line in Text.from_markup(cell).plain.splitlines() or [""])


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float], Mapping[str, float]]]:
    """Name, bicubic's scores and the generator's: of the clips, if they are few, and of the set."""
    clips, of_set = record["clips"], record["metrics"]
    if len(clips) == 1:
        yield next(iter(clips)), record["baseline"][BICUBIC], of_set
        return
    if len(clips) <= MOST_CLIPS:
        for name, scores in clips.items():
            yield name, record["baseline_clips"][BICUBIC][name], scores
    yield "mean", record["baseline"][BICUBIC], of_set


def _cells(metric: str, bicubic: float, score: float) -> tuple[str, str, str, str]:
    about = METRICS[metric]
    arrow = "↑" if about.higher_is_better else "↓"
    gain = (score - bicubic) * (1 if about.higher_is_better else -1)
    colour = "green" if gain > 0 else "red" if gain < 0 else "default"
    digits = about.decimals
    change = f"{score - bicubic:+.{digits}f} ({(score - bicubic) / bicubic:+.1%})" if bicubic else "–"
    return f"{metric} {arrow}", f"{bicubic:.{digits}f}", f"{score:.{digits}f}", f"[{colour}]{change}[/]"


def _shown(cell: Cell) -> str:
    text = f"[green]{cell.text}[/]" if cell.is_best else cell.text
    return f"{text}\n{escape(cell.interval)}" if cell.interval else text


def _own_up(record: Mapping[str, Any], console: Console) -> None:
    if record.get("random_weights"):
        console.print(f"RANDOM weights, for tests only: {', '.join(record['random_weights'])}")
