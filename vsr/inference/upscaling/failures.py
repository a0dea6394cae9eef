"""What may be wrong with a file that is being written, and what helps."""

from __future__ import annotations

import errno
from pathlib import Path

from vsr.errors import UserError
from vsr.whole_file import not_written

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_of_the_disk(error: BaseException | None) -> bool:
    """Whether it is full or fails, so that what was written is not whole."""
    return getattr(error, "errno", None) in (*_FULL, errno.EIO)


def refusal(path: Path, error: Exception) -> UserError:
    """What to raise where ``path`` could not be written for an ``error`` of the system's or FFmpeg's."""
    if getattr(error, "errno", None) in _FULL:
        remedy = "Make room, or choose another place"
    elif isinstance(error, OSError):
        remedy = "Choose another place"
    else:
        remedy = "Choose another codec, or a folder of PNG frames"
    return not_written(path, error, remedy)


def nameless(part: Path, path: Path, error: Exception) -> UserError:
    """What to raise where all of ``path`` is in ``part``, and could not be renamed."""
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{part} could not be renamed to {path} ({reason}); it is whole, rename it yourself")
