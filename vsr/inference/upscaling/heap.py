"""Memory that the C library keeps although it is free."""

from __future__ import annotations

import ctypes
import sys


def return_freed_memory() -> None:
    """Let glibc hand what is free back to the system: now and then it would keep a window's worth of SR. Does nothing
    where the C library is another."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
