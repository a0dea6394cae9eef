"""Data modules over folders: a user's own clips, and published test sets with their LR."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vsr.data.clip import Clip, Excerpt
from vsr.data.datamodule import ClipDataModule
from vsr.data.frames import FrameFolder
from vsr.errors import UserError

log = logging.getLogger(__name__)


def folder_data(
    source: Callable[[str | None], Sequence[Clip]],
    root: str | None,
    val_root: str | None = None,
    train: bool | None = True,
    **settings: Any,
) -> ClipDataModule:
    """Train on the clips below ``root`` and validate on those below ``val_root``, or on held-out ones (`hold_out`).

    Without ``train``, for evaluation only: every clip below ``val_root`` or, where that is None, below ``root``.

    Args:
        source: `VideoFolder` or `FrameFolder`.
        root: folder of training clips.
        val_root: folder of validation clips; None holds some of ``root`` out.
        train: True to train; None or False for evaluation only.
        settings: the other arguments of `ClipDataModule`.
    """
    if not train:
        return ClipDataModule(None, source(root if val_root is None else val_root), **settings)
    clips = source(root)
    train_clips, val_clips = hold_out(clips) if val_root is None else (clips, source(val_root))
    return ClipDataModule(train_clips, val_clips, **settings)


def hold_out(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """(training clips, validation clips): the last clip validates or, of a single clip, the last fifth of its frames.

    Raises:
        UserError: a single clip of a single frame.
    """
    *train, last = clips
    if train:
        log.info("data.val_root is not set: clip '%s' is held out for validation", last.name)
        return train, [last]
    cut = last.length - max(1, last.length // 5)
    if cut < 1:
        raise UserError(f"Clip '{last.name}' has one frame: too short to train and validate on. Set data.val_root.")
    log.info("data.val_root is not set: frames %d to %d of clip '%s' are held out", cut, last.length - 1, last.name)
    return [Excerpt(last, 0, cut)], [Excerpt(last, cut, last.length)]


def benchmark(root: str | None, hr: str, lr: str | None = None, train: None = None, **settings: Any) -> ClipDataModule:
    """A published test set of frame folders, for evaluation only: ``root/hr/CLIP/*.png`` and ``root/lr/CLIP/*.png``.

    Args:
        root: the test set's folder.
        hr: folder of the originals within it.
        lr: folder of their LR within it; None makes LR with the configured degradation.
        train: None; as in every data config, where it means evaluation only.
        settings: the other arguments of `ClipDataModule`.
    """
    if root is None:
        raise UserError(f"No data folder was given. Set data.root=FOLDER to the one that holds {hr}/.")
    folder = Path(root).expanduser()
    if not (folder / hr).is_dir():
        raise UserError(f"Test set '{folder}' has no folder {hr}/. Set data.root to the one that holds it.")
    if lr is not None and not (folder / lr).is_dir():
        raise UserError(f"Test set '{folder}' has no folder {lr}/. Set data.lr=null to make LR from {hr}/.")
    originals = FrameFolder(folder / hr)
    reduced = None if lr is None else FrameFolder(folder / lr)
    return ClipDataModule(train, originals, val_lr=reduced, **settings)
