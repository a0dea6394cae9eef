"""Telling what is wrong with the machine from what is wrong with a file."""

import errno

from vsr.data.broken import BrokenFileError

# That the file is missing or not of its kind. Whatever else the system refuses, it may grant the next time.
_OF_THE_FILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.ENOSYS}


class UnreadableNowError(BrokenFileError):
    """A file that cannot be read for a reason outside its content. No index keeps it."""


def passing_reason(error: BaseException) -> str | None:
    """What the system says of an ``error`` that may pass: memory or file handles have run out, a disk or a network
    does not answer, the mode forbids it. None for any other."""
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, OSError) and error.errno and error.errno not in _OF_THE_FILE:
        return (error.strerror or str(error)).lower()
    return None
