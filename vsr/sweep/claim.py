"""The right to a job's folder, so that several sweeps can share the work in one place."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[int | None]:
    """Yield the descriptor of a lock on ``folder``, None where another process holds it.

    A process that inherits the descriptor holds the lock too: where a sweep is killed and its job lives on, the job
    still has its folder to itself.
    """
    lock = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield lock if _locks(lock) else None
    finally:
        os.close(lock)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
