"""The end of a sweep: its frontier, and which jobs failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from hydra.utils import instantiate

from vsr.errors import UserError
from vsr.sweep.journal import Entry, Journal, Status
from vsr.sweep.plan import Plan

log = logging.getLogger(__name__)


def finish(plan: Plan) -> None:
    """Say what became of the jobs, and trace the frontier of those with scores.

    Raises:
        UserError: jobs failed, or a file cannot be written.
    """
    entries = Journal(Path(plan.folder)).of(plan.launch)
    counts = [(status, sum(entry.status is status for entry in entries)) for status in Status]
    log.info(f"{len(entries)} jobs: " + ", ".join(f"{count} {status}" for status, count in counts if count))
    _trace(plan, _scored(plan, entries))
    if failed := [entry for entry in entries if entry.status is Status.FAILED]:
        raise UserError(f"{len(failed)} of {len(entries)} jobs failed: {_reasons(failed)}")


def _scored(plan: Plan, entries: Sequence[Entry]) -> list[Path]:
    """Folders of the jobs that have scores, each once: two jobs of one configuration share theirs."""
    names = dict.fromkeys(entry.folder for entry in entries if entry.status is not Status.FAILED)
    folders = [Path(plan.folder) / name for name in names]
    unfinished = [folder for folder in folders if not (folder / "results.json").is_file()]
    if unfinished:
        log.info(f"another process has still to finish {len(unfinished)} of them; run the sweep again after that")
    return [folder for folder in folders if folder not in unfinished]


def _trace(plan: Plan, folders: Sequence[Path]) -> None:
    if len(folders) < 2 or not plan.axes:
        return
    from vsr.frontier import print_frontier, trace, write  # here: it takes torch and matplotlib

    try:
        frontier = trace(folders, list(plan.axes.values()))
    except UserError as error:  # as where a sweep compares data sets
        log.info(f"no frontier: {error}")
        return
    folder = Path(plan.folder)
    files = write(frontier, folder)
    print_frontier(frontier)
    log.info(f"wrote {folder}: {', '.join(file.name for file in files)}")
    if plan.loggers:
        from vsr.frontier.log import log_frontier

        log_frontier(frontier, folder / "frontier.png", [instantiate(node) for node in plan.loggers.values()])


def _reasons(failed: Sequence[Entry]) -> str:
    """Each reason once, after the jobs that it is of."""
    jobs: dict[str, list[str]] = {}
    for entry in failed:
        jobs.setdefault(entry.error, []).append(entry.folder)
    return "; ".join(f"{', '.join(names)}: {error}" for error, names in jobs.items())
