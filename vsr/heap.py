"""How the C library's allocator treats what a training step on a CPU frees."""

from __future__ import annotations

import ctypes
import sys

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Keep freed memory for the next allocation, as a GPU's caching allocator does.

    A step frees and allocates the same gigabytes over and over. glibc hands large blocks back to the system at once,
    which then gives them out anew page by page, each of them zeroed: a third of a loss=perceptual_adv step
    (benchmarks/training_step.py). Does nothing where the C library is another.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)  # no block of its own for a large tensor
        mallopt(M_TRIM_THRESHOLD, -1)  # and the heap never shrinks
