"""Which file a checkpoint is, and one name for it and for the training that made it, however they were typed."""

from __future__ import annotations

from pathlib import Path

_FOLDER = "checkpoints"
_LAST = (_FOLDER, "last.ckpt")


def checkpoint_file(source: str) -> Path:
    """The file that ``source`` names, there or not: of a run's folder its last checkpoint."""
    path = Path(source).expanduser()
    return path.joinpath(*_LAST) if path.is_dir() else path


def checkpoint_name(source: str) -> str:
    """The path of what ``source`` names, links followed. A run stands for its last checkpoint, as in ``ckpt=``.

    What is not there, as an asset is not, keeps the name that it was given.
    """
    path = Path(source).expanduser()
    if path.parts[-2:] == _LAST and len(path.parts) > 2:
        path = path.parent.parent
    return str(path.resolve()) if path.exists() else str(path)


def training_name(checkpoint: str) -> str:
    """The run that a checkpoint of this `checkpoint_name` is of; a file elsewhere, or an asset, is one by itself."""
    path = Path(checkpoint)
    return str(path.parent.parent) if path.parent.name == _FOLDER else checkpoint


def run_of(source: str) -> str:
    """What tells two trainings apart: the folder of the run that ``source`` is of, its file, or an asset's name."""
    return training_name(checkpoint_name(source))
