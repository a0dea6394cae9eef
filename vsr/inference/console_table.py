"""The tables that a person reads in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vsr.inference.evaluator import BICUBIC
from vsr.inference.sheet import MOST_CLIPS, Cell, Sheet, about, caption
from vsr.metrics import METRICS


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
    console = console or Console()
    console.print(table)
    for reason in record["refused"].values():
        console.print(f"left out: {reason}")
    _own_up(record, console)


def print_comparison(sheet: Sheet, records: Mapping[str, Mapping[str, Any]], console: Console | None = None) -> None:
    """Print the block of ``sheet`` that is of the whole set: of methods and metrics, those go down that are more.

    Args:
        sheet: of ``records``.
        records: by the checkpoints' names.
        console: where to; None: standard output.
    """
    title, rows = sheet.blocks[-1]
    lines = [("", *sheet.headings), *((escape(row.method), *map(_shown, row.cells)) for row in rows)]
    if len(rows) <= len(sheet.headings):
        lines = list(zip(*lines, strict=True))
    table = Table(title=title, caption=caption(records))
    for number, heading in enumerate(lines[0]):
        table.add_column(heading, justify="right" if number else "left", no_wrap=not number, overflow="fold")
    for line in lines[1:]:
        table.add_row(*line)
    console = console or Console()
    console.print(table)
    for record in records.values():
        _own_up(record, console)


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
