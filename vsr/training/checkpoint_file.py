"""How checkpoints reach the disk."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins import TorchCheckpointIO

from vsr.errors import UserError
from vsr.whole_file import whole_file

STEP_NAME = re.compile(r"step_(\d{7,})\.ckpt")


class DirectCheckpointIO(TorchCheckpointIO):
    """Writes to the path itself.

    Lightning's goes by way of the system's temporary folder, which may be small, and which fills up with the leftovers
    of processes that were killed.
    """

    def __init__(self) -> None:
        self._error: OSError | None = None

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write ``checkpoint``. Ask `check` whether it worked: the other ranks wait for this one to return."""
        self._error = None
        try:
            write(checkpoint, Path(path))
        except OSError as error:
            self._error = error

    def check(self) -> None:
        """Raise the OSError that the last checkpoint was not written for."""
        if self._error:
            raise self._error


def write(checkpoint: dict[str, Any], path: Path) -> None:
    """Write ``checkpoint``; raises OSError where the disk is full."""
    content = io.BytesIO()  # torch's own writer to a path hides the reason for a failure
    torch.save(checkpoint, content)
    path.write_bytes(content.getbuffer())


@contextlib.contextmanager
def together(trainer: L.Trainer) -> Iterator[None]:
    """Let every rank end where the block failed on one: that one with its UserError, the others without a word."""
    failure: UserError | None = None
    try:
        yield
    except UserError as error:
        failure = error
    if trainer.strategy.reduce_boolean_decision(failure is not None, all=False):
        raise failure or SystemExit(0)


def copy(path: Path, name: Path) -> None:
    """Let ``name`` hold what ``path`` holds; not as a hard link, which damage to one would damage the other by."""
    with whole_file(name) as part:
        shutil.copyfile(path, part)


def step_name(steps: int) -> str:
    """File name of the checkpoint that is kept of generator step ``steps``."""
    return f"step_{steps:07d}.ckpt"


def remove_surplus(folder: Path, steps: int, keep: int) -> None:
    """Delete kept checkpoints of up to generator step ``steps``, all but the last ``keep``.

    Those of later steps are left: the run went back behind them, and will replace them as it gets there.
    """
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := STEP_NAME.fullmatch(path.name))]
    for _, path in sorted(kept for kept in found if kept[0] <= steps)[:-keep]:
        path.unlink()
