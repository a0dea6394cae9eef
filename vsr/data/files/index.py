"""What examining files has found, kept so that each is examined once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vsr.data.broken import BrokenFileError
from vsr.data.files.unreadable_now import UnreadableNowError
from vsr.errors import UserError

VERSION = 2  # of what examining finds; entries of another version are examined anew
AT_ONCE = 8  # most files that are examined at once: each needs the memory of a decoder

Found = dict[str, Any]
Stamp = dict[str, Any]

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """Examining was asked to stop."""


def file_stamp(path: Path) -> dict[str, int]:
    """What changes when the content of a file does.

    Raises:
        OSError: it does not exist.
    """
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def examine_all(
    root: Path,
    paths: Sequence[Path],
    stamp: Callable[[Path], Stamp],
    examine: Callable[[Path, threading.Event], Found],
    index: str | Path | None,
    kind: str,
) -> list[Found | BrokenFileError]:
    """What ``examine`` finds in each of ``paths``, or why it is broken; from the index where that knows it.

    Several files are examined at once, in threads. Each result is in the index as soon as it is there, so that an
    interruption loses nothing; another process that wants the same waits for this one.

    Args:
        root: the paths are below it, or it is the only one.
        paths: files or folders.
        stamp: what a path must still have for the index's entry to be valid.
        examine: returns what can be written as JSON or raises `BrokenFileError`, of which the index keeps all but
            `UnreadableNowError`; raises `StoppedError` soon after the event is set.
        index: folder of the index files, made if missing; None keeps nothing.
        kind: names what is examined, in the file's name and in messages.

    Raises:
        UserError: the index cannot be written.
    """
    results: dict[Path, Found | BrokenFileError] = {}
    with _ledger(root, index, kind) as ledger:
        stamps = {path: _stamp_or_none(stamp, path) for path in paths}
        for path in paths:
            known = ledger.look_up(path, stamps[path])
            if known is not None:
                results[path] = known
        pending = [path for path in paths if path not in results]
        if pending:
            log.info("examining %d of %d %s in '%s', once", len(pending), len(paths), _spoken(kind), root)
        for path, result in _examined(pending, examine, kind):
            results[path] = result
            ledger.add(path, stamps[path], result)
    return [results[path] for path in paths]


def _spoken(kind: str) -> str:
    """For people, to whom it is the same whether every frame is decoded."""
    return "folders of frames" if kind.endswith("frames") else "videos"


def _stamp_or_none(stamp: Callable[[Path], Stamp], path: Path) -> Stamp | None:
    try:
        return stamp(path)
    except OSError:
        return None  # examining it says why


def _examined(
    paths: Sequence[Path], examine: Callable[[Path, threading.Event], Found], kind: str
) -> Iterator[tuple[Path, Found | BrokenFileError]]:
    stop = threading.Event()

    def result(path: Path) -> Found | BrokenFileError:
        try:
            return examine(path, stop)
        except BrokenFileError as broken:
            return type(broken)(str(broken), broken.path)  # without its traceback, which keeps the file open

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not (paths and sys.stderr.isatty())) as progress:
        bar = progress.add_task(f"examining {_spoken(kind)}", total=len(paths))
        with ThreadPoolExecutor(min(AT_ONCE, os.cpu_count() or 1)) as threads:
            try:
                futures = {threads.submit(result, path): path for path in paths}
                for future in as_completed(futures):
                    progress.advance(bar)
                    yield futures[future], future.result()
            finally:  # Ctrl-C, or a full disk
                stop.set()
                threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _ledger(root: Path, index: str | Path | None, kind: str) -> Iterator[_Ledger]:
    """The open index file of ``root``, which no other process has open."""
    if index is None:
        yield _Ledger(root, None)
        return
    folder = Path(index).expanduser()
    where = root.resolve()
    file = folder / f"{where.name}-{hashlib.sha256(str(where).encode()).hexdigest()[:8]}.{kind}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        raise _not_written(file, error) from error
    with _alone(file), file.open("r+", encoding="utf-8", errors="replace") as lines:
        yield _Ledger(root, lines)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    lock = FileLock(f"{file}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("waiting for another process that writes the index '%s'", file)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class _Ledger:
    """One JSON line an examined path; of several, the last is valid. Lines that are damaged are as good as missing."""

    def __init__(self, root: Path, file: Any) -> None:
        self._root, self._file = root, file
        self._entries: dict[str, Found] = {}
        whole = True
        for line in file or ():
            whole = line.endswith("\n")
            try:
                entry = json.loads(line)
                self._entries[entry["path"]] = entry
            except (ValueError, KeyError, TypeError):
                continue
        if not whole:
            file.write("\n")  # a process was killed while it wrote

    def look_up(self, path: Path, stamp: Stamp | None) -> Found | BrokenFileError | None:
        """The result for ``path`` as it is now, or None."""
        entry = self._entries.get(self._key(path), {})
        if stamp is None or entry.get("stamp") != stamp or entry.get("version") != VERSION:
            return None
        return BrokenFileError(entry["broken"], str(path)) if "broken" in entry else entry.get("found")

    def add(self, path: Path, stamp: Stamp | None, result: Found | BrokenFileError) -> None:
        """Keep a result, unless it may be another one although the file stays as it is."""
        if self._file is None or stamp is None or isinstance(result, UnreadableNowError):
            return
        what = {"broken": str(result)} if isinstance(result, BrokenFileError) else {"found": result}
        try:
            self._file.write(json.dumps({"path": self._key(path), "version": VERSION, "stamp": stamp, **what}) + "\n")
            self._file.flush()
        except OSError as error:
            raise _not_written(Path(self._file.name), error) from error

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _not_written(file: Path, error: OSError) -> UserError:
    reason = error.strerror or error
    return UserError(f"The index '{file}' cannot be written ({reason}). Set data.index=DIR to a folder that can be.")
