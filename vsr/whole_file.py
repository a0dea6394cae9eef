"""Files that appear under their name only once they are whole, and on the disk, not merely in its cache."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from vsr.errors import UserError

REMEDY = "Make room, or choose another place with output_dir=DIR"
ANOTHER_OUTPUT = "Make room, or choose another place with --output DIR"


@contextlib.contextmanager
def whole_file(path: Path, remedy: str = REMEDY) -> Iterator[Path]:
    """Yield a scratch path beside ``path``, whose folder is made if missing, and rename it to ``path`` at the end.

    If the block raises, nothing is left. Several processes may write ``path`` at once: the last one's file stays.

    Args:
        path: the file.
        remedy: ends the message of the error.

    Raises:
        UserError: the disk is full or fails; what was under ``path`` before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = scratch_beside(path)
    try:
        yield part
        publish(part, path)
    except FileNotFoundError:
        raise  # what the block reads is missing
    except OSError as error:
        raise not_written(path, error, remedy) from error
    finally:
        part.unlink(missing_ok=True)


def scratch_beside(path: Path) -> Path:
    """A hidden name in the folder of ``path`` that nothing has, for what will be published as ``path``."""
    # Not the process id: processes of two machines that share the folder may have the same one.
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")


def publish(part: Path, path: Path) -> None:
    """Rename the finished ``part`` to ``path``, both of one folder.

    Its content is on the disk before it gets the name: a rename may outlive a power cut that the content does not.
    """
    _flush(part)
    part.replace(path)
    # Some file systems cannot flush a folder, and then the name may be the old one after a power cut: whole as well.
    with contextlib.suppress(OSError):
        _flush(path.parent)


def append(path: Path, text: str, remedy: str = REMEDY) -> None:
    """Append ``text`` to the file ``path``, whole or not at all.

    Args:
        path: the file.
        text: what is appended.
        remedy: ends the message of the error.

    Raises:
        UserError: the disk is full or fails.
    """
    content = text.encode()
    try:
        with path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                # A disk that fills up takes the first part of it and reports no error yet.
                if file.write(content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        raise not_written(path, error, remedy) from error


def not_written(path: Path, error: Exception, remedy: str = REMEDY) -> UserError:
    """What to raise where ``path`` could not be written under its scratch name: an ``error`` of the system's."""
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{path} could not be written ({reason}); what was there before is untouched. {remedy}")


def remove_scratch(*folders: Path) -> None:
    """Delete what processes that were killed while they wrote have left in ``folders``."""
    for folder in folders:
        for part in folder.glob(f".*.{'[0-9a-f]' * 32}.part"):
            part.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until the file or folder ``path`` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
