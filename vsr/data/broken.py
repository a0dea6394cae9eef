"""Files that cannot be read: said once each, counted, and too many of them end the run."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vsr.errors import UserError

log = logging.getLogger(__name__)


class BrokenFileError(UserError):
    """A file of a data set is gone, unreadable, or not what it should be.

    Args:
        message: names the file, the reason and the remedy, in one line.
        path: of the file, or of the folder that is the clip.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def leave_out(broken: Sequence[BrokenFileError], total: int, most: float) -> None:
    """Say of each of the ``broken`` that it is left out, in one line.

    Args:
        broken: of one source.
        total: files it has, with those.
        most: greatest share of broken files, 0 to 1.

    Raises:
        UserError: there are more, or ``most`` is no share.
    """
    if not 0 <= most <= 1:
        raise UserError(f"data.max_broken={most}: expected a share from 0 to 1, such as 0.1")
    for file in broken:
        log.warning(f"left out: {file}")
    refuse_too_many(broken, total, most)


def refuse_too_many(broken: Sequence[BrokenFileError], total: int, most: float) -> None:
    """Raise `UserError` where ``broken`` are more than the share ``most`` of ``total`` files, or all of them."""
    if not broken or (len(broken) <= most * total and len(broken) < total):
        return
    first = f"the first: {broken[0]}" if len(broken) > 1 else str(broken[0])
    if len(broken) == total:
        raise UserError(f"None of the {total} files can be used; {first}" if total > 1 else first)
    raise UserError(
        f"{len(broken)} of {total} files cannot be used, more than data.max_broken={most:g} of them; {first} "
        "Mend or remove them, or raise data.max_broken."
    )
