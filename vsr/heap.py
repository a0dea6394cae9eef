"""How the C library's allocator treats what a network on a CPU frees: training wants it kept, a long video not."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Keep freed memory for the next allocation, as a GPU's caching allocator does.

    A step frees and allocates the same gigabytes over and over. glibc hands large blocks back to the system at once,
    which then gives them out anew page by page, each of them zeroed: a third of a loss=perceptual_adv step
    (benchmarks/training_step.py). Does nothing where the C library is another.
    """
    mallopt = _of_c_library("mallopt")
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)  # no block of its own for a large tensor
        mallopt(M_TRIM_THRESHOLD, -1)  # and the heap never shrinks


def return_freed_memory() -> None:
    """Hand freed memory back to the system: now and then glibc would keep as much as a window of SR.

    Does nothing where the C library is another.
    """
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def _of_c_library(name: str) -> Any:
    """glibc's function of that name, None where there is none."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
