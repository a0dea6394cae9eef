"""The end of a sweep: what became of its jobs, and its frontier."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hydra.utils import instantiate

from vsr.errors import UserError
from vsr.sweep.claim import claimed
from vsr.sweep.command import in_one_line
from vsr.sweep.journal import Entry, Journal, Status
from vsr.sweep.plan import Plan
from vsr.sweep.scores import has_scores

log = logging.getLogger(__name__)

COMPARED = frozenset({"data", "degradation", "scale", "protocol"})
"""Keys under which a sweep's jobs may be scored differently, so that they have no frontier together."""


@contextlib.contextmanager
def finished() -> Iterator[None]:
    """Finish the sweep that the block ran, if it ran one, also where the block raises after some of its jobs ended, as
    where a launcher lost a worker.

    Raises:
        UserError: as `finish`; and whatever the block raises, unless it explains why jobs are missing.
    """
    try:
        yield
    except Exception as error:
        plan = Plan.published()
        if plan and Journal(Path(plan.folder)).of(plan.launch):
            finish(plan, error)
        raise
    if plan := Plan.published():
        finish(plan)


def finish(plan: Plan, cut_short_by: Exception | None = None) -> None:
    """Say what became of the jobs, and trace the frontier of those with scores.

    Raises:
        UserError: jobs failed or never ended, or the frontier cannot be traced or written.
    """
    journal = Journal(Path(plan.folder))
    entries = [_settled(entry, journal) for entry in journal.of(plan.launch)]
    counts = [(status, sum(entry.status is status for entry in entries)) for status in Status]
    log.info(f"{len(entries)} jobs: " + ", ".join(f"{count} {status}" for status, count in counts if count))
    problems = [*_failed(entries), *_missing(plan, len(entries), cut_short_by)]
    try:
        _trace(plan, _scored(plan, entries))
    except UserError as error:
        problems.append(f"no frontier: {error}")
    if problems:
        raise UserError("; ".join(problems)) from cut_short_by


def _settled(entry: Entry, journal: Journal) -> Entry:
    """``entry``, or what has meanwhile become of its job where that was left to another process."""
    folder = journal.path.parent / entry.folder
    if entry.status is not Status.ELSEWHERE:
        return entry
    with claimed(folder) as claim:
        if has_scores(folder, entry.config_hash):
            return replace(entry, status=Status.FINISHED_BEFORE)
        if claim is None:
            return entry
    others = [each for each in journal.read() if each.folder == entry.folder and each.status is not Status.ELSEWHERE]
    error = others[-1].error if others else ""
    return replace(entry, status=Status.FAILED, error=error or "left undone by another process; run the sweep again")


def _scored(plan: Plan, entries: Sequence[Entry]) -> list[Path]:
    """Folders of the jobs that have scores, each once: two jobs of one configuration share theirs."""
    if unfinished := sum(entry.status is Status.ELSEWHERE for entry in entries):
        log.info(f"another process has still to finish {unfinished} of them; run the sweep again after that")
    without = (Status.FAILED, Status.ELSEWHERE)
    return [
        Path(plan.folder) / name
        for name in dict.fromkeys(entry.folder for entry in entries if entry.status not in without)
    ]


def _trace(plan: Plan, folders: Sequence[Path]) -> None:
    if len(folders) < 2 or not plan.axes:
        return
    from vsr.frontier import print_frontier, trace, write  # here: it takes torch and matplotlib

    folder = Path(plan.folder)
    try:
        frontier = trace(folders, list(plan.axes.values()))
    except UserError as error:
        if COMPARED.isdisjoint(key.split(".")[0] for key in plan.swept):
            raise
        log.info(f"no frontier: {error}")
        return
    files = write(frontier, folder)
    print_frontier(frontier)
    log.info(f"wrote {folder}: {', '.join(file.name for file in files)}")
    if plan.loggers:
        from vsr.frontier.log import log_frontier

        log_frontier(frontier, folder / "frontier.png", [instantiate(node) for node in plan.loggers.values()])


def _failed(entries: Sequence[Entry]) -> Iterator[str]:
    if failed := [entry for entry in entries if entry.status is Status.FAILED]:
        yield f"{len(failed)} of {len(entries)} jobs failed: {_reasons(failed)}"


def _missing(plan: Plan, ended: int, cut_short_by: Exception | None) -> Iterator[str]:
    if plan.jobs is not None and ended < plan.jobs:
        why = f" ({in_one_line(cut_short_by)})" if cut_short_by else ""
        yield f"{plan.jobs - ended} of {plan.jobs} jobs did not come to an end{why}; run the sweep again to go on"


def _reasons(failed: Sequence[Entry]) -> str:
    """Each reason once, after the jobs that it is of."""
    jobs: dict[str, list[str]] = {}
    for entry in failed:
        jobs.setdefault(entry.error, []).append(entry.folder)
    return "; ".join(f"{', '.join(names)}: {error}" for error, names in jobs.items())
