"""A GPU for each of several jobs that run at once on one machine."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout


def gpus() -> list[str]:
    """What may stand in ``CUDA_VISIBLE_DEVICES``, one entry a GPU that this process sees."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip()]
    import torch  # here: only jobs that are to have one GPU ask

    return [str(number) for number in range(torch.cuda.device_count())]


@contextlib.contextmanager
def one_of(names: Sequence[str], job: int) -> Iterator[str]:
    """Yield the first of ``names`` that no other job holds; with more jobs at once than GPUs, they share in turn.

    Args:
        names: of GPUs, as `gpus` has them.
        job: number of the job.
    """
    with contextlib.ExitStack() as stack:
        for name in names:
            try:
                stack.enter_context(FileLock(_lock(name)).acquire(blocking=False))
            except Timeout:
                continue
            yield name
            return
        yield names[job % len(names)]


def _lock(name: str) -> Path:
    in_a_file_name = re.sub(r"[^\w-]", "_", name)  # MIG-GPU-…/1/0
    return Path(tempfile.gettempdir()) / f"vsr_{os.getuid()}_gpu_{in_a_file_name}.lock"
