"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class AboveBar(logging.StreamHandler):
    """Writes to what ``sys.stderr`` is at the time: a bar takes its place, and prints lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self.setStream(sys.stderr)
        super().emit(record)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yields what is called with how many of ``total`` were done.

    Args:
        what: is done, and to what: ``storing frames``.
        total: of those.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not (total and sys.stderr.isatty())) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)
