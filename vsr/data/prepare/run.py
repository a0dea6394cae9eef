"""Prepares a store: all of what the command does."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from vsr.data.broken import BrokenFileError
from vsr.data.prepare.bar import bar
from vsr.data.prepare.duplicates import Seen, better
from vsr.data.prepare.plan import Task, plan
from vsr.data.prepare.report import Report
from vsr.data.prepare.settings import Settings
from vsr.data.prepare.shot import store_shot
from vsr.data.prepare.sources import find_sources
from vsr.data.prepare.store_folder import WritableStore, as_duplicate, gigabytes, writable_store
from vsr.data.prepare.workers import Workers, stopped
from vsr.data.store.index import Shot

log = logging.getLogger(__name__)


def prepare(
    paths: Sequence[str | Path],
    output: str | Path,
    settings: Settings | None = None,
    workers: int = 0,
    index: str | Path | None = None,
) -> Report:
    """Store every shot of the videos and folders of frames at or below ``paths``, each in a file of its own.

    Shots that are in the store already, from the same files, are not read again: after an interruption the same call
    goes on. Order and content of the store do not depend on interruptions or on ``workers``.

    Args:
        paths: see `find_sources`.
        output: folder of the store, new or to be added to.
        settings: see `Settings`; None: the defaults.
        workers: processes that read and write; 0: this one.
        index: see `vsr.data.VideoFolder`.

    Raises:
        UserError: no sources, names that are taken, a folder that is something else, other settings than before, too
            little room, or nothing that can be read.
    """
    settings = settings or Settings()
    with writable_store(Path(output).expanduser(), settings) as store:
        sources, broken = find_sources(paths, index)
        tasks = plan(sources, settings)
        store.tidy(tasks)
        new = [task for task in tasks if task.shot.name not in store.shots]
        to_read = [task for task in new if not task.shot.dropped]
        needed = store.require_room(to_read)
        counts = f"{_counted(len(sources), 'clip')}, {_counted(len(tasks), 'shot')}"
        log.info(f"{counts}; {len(to_read)} to read now, up to {gigabytes(needed)}")
        for task in new:
            if task.shot.dropped:
                store.add(task.shot)
        broken += _store(store, to_read, settings, workers)
        shots = [store.shots[task.shot.name] for task in tasks if task.shot.name in store.shots]
        if not shots:
            raise broken[0]
        return Report(shots, broken)


def _store(store: WritableStore, tasks: Sequence[Task], settings: Settings, workers: int) -> list[BrokenFileError]:
    """Store the shots of ``tasks``, and return what was broken: a clip that is, is left out from there on."""
    broken: dict[str, BrokenFileError] = {}
    seen = Seen()
    for shot in store.shots.values():
        if shot.file:
            seen.add(shot)
    processes = Workers(partial(_attempt, folder=store.folder, keep_static=settings.keep_static), workers, _crashed)
    total = sum(task.shot.frames for task in tasks)
    with bar("storing frames", total) as done, contextlib.closing(processes.in_order(tasks)) as results:
        for task, result in results:
            done(task.shot.frames)
            if isinstance(result, BrokenFileError):
                if task.shot.clip not in broken:
                    log.warning(f"left out: {result}")
                broken.setdefault(task.shot.clip, result)
            elif task.shot.clip in broken:
                _delete(store.folder, result)
            else:
                original = None if settings.keep_duplicates or result.dropped else seen.original(result)
                if original is None:
                    store.add(result)
                elif better(result, original):
                    store.replace(original, result)
                    seen.remove(original)
                else:
                    _delete(store.folder, result)
                    result = as_duplicate(result, original.name)
                    store.add(result)
                if result.file:
                    seen.add(result)
    return list(broken.values())


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _delete(folder: Path, shot: Shot) -> None:
    if shot.file:
        (folder / shot.file).unlink()


def _attempt(task: Task, folder: Path, keep_static: bool) -> Shot | BrokenFileError:
    try:
        return store_shot(task, folder, keep_static, stopped)
    except BrokenFileError as error:
        return error


def _crashed(task: Task) -> Shot | BrokenFileError:
    source = task.shot.source
    return BrokenFileError(f"'{source}' made the process that read it die. Re-encode or remove it.", source)
