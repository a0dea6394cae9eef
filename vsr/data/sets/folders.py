"""Data sets of a user's own: clips below one folder to train on, clips below another, or held out, to validate on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from vsr.data.clip import Clips
from vsr.data.datamodule import ClipDataModule
from vsr.data.evaluation_clips import MIN_LR
from vsr.data.paired import Paired
from vsr.data.sets.expected import under_key
from vsr.data.sets.given_lr import LRIs
from vsr.data.sets.hold_out import hold_out
from vsr.errors import UserError

Source = Callable[..., Clips]
Split = tuple[Clips | None, Clips]
"""What trains (None: evaluation only) and what validates."""


def folder_split(
    source: Source,
    root: str | None,
    val_root: str | None = None,
    lr: str | None = None,
    val_lr: str | None = None,
    val_clips: Sequence[str] | None = None,
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    index: str | None = None,
    cuts: bool | None = None,
) -> Split:
    """Training clips below ``root``; validation clips below ``val_root``, or held out (`hold_out`).

    Args:
        source: of the clips below a folder: `VideoFolder`, `FrameFolder`, `LmdbFolder`, …
        root: folder of training clips.
        val_root: folder of validation clips; None holds some of ``root`` out.
        lr: folder of the LR of ``root``, under the same names; None: the degradation makes LR.
        val_lr: likewise of ``val_root``.
        val_clips: names of the clips of ``root`` that are held out; None: the last.
        scale: super-resolution factor.
        train: None or False for evaluation only: nothing is held out, and every clip below ``val_root`` or, where that
            is None, below ``root`` is for validation (those named by ``val_clips``, where they are).
        max_broken: greatest share of broken files, passed to ``source``.
        index: passed to ``source`` where given.
        cuts: passed to ``source`` where given.

    Raises:
        UserError: settings that contradict each other, or what ``source``, `Paired` and `hold_out` raise.
    """
    if val_root is None and val_lr is not None:
        raise UserError("data.val_lr is set, data.val_root is not: held-out clips take their LR from data.lr.")
    if val_root is not None and val_clips is not None:
        raise UserError("data.val_root and data.val_clips are both set: unset one of them.")
    if val_root is not None and lr is not None and val_lr is None:
        raise UserError("data.lr is set, data.val_lr is not: set it to the folder of data.val_root's LR.")
    given = {name: value for name, value in {"index": index, "cuts": cuts}.items() if value is not None}
    source = partial(source, max_broken=max_broken, **given)
    if val_root is not None:
        train_clips = _clips(source, root, lr, scale) if train else None
        with under_key(root="val_root", lr="val_lr"):
            return train_clips, _clips(source, val_root, val_lr, scale)
    clips = _clips(source, root, lr, scale)
    if not train and val_clips is None:
        return None, clips
    train_clips, held_out = hold_out(clips, val_clips, MIN_LR * scale, str(root))
    return train_clips if train else None, held_out


def _clips(source: Source, root: str | None, lr: str | None, scale: int) -> Clips:
    clips = source(root)
    if lr is None:
        return clips
    with under_key(root="lr"):
        reduced = source(lr)
    return Paired(clips, reduced, scale)


def folder_data(
    source: Source,
    root: str | None,
    val_root: str | None = None,
    lr: str | None = None,
    val_lr: str | None = None,
    val_clips: Sequence[str] | None = None,
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    index: str | None = None,
    cuts: bool | None = None,
    lr_is: LRIs = None,
    **settings: Any,
) -> ClipDataModule:
    """The data module of `folder_split`.

    Args:
        source: see `folder_split`, likewise the others but the last two.
        root: see ``source``.
        val_root: see ``source``.
        lr: see ``source``.
        val_lr: see ``source``.
        val_clips: see ``source``.
        scale: see ``source``.
        train: see ``source``.
        max_broken: see ``source``; also passed on.
        index: see ``source``.
        cuts: see ``source``.
        lr_is: what made given LR (`made_by`), for records.
        settings: the other arguments of `ClipDataModule`.
    """
    train_clips, val = folder_split(
        source,
        root,
        val_root,
        lr,
        val_lr,
        val_clips,
        scale=scale,
        train=train,
        max_broken=max_broken,
        index=index,
        cuts=cuts,
    )
    return ClipDataModule(train_clips, val, scale=scale, max_broken=max_broken, **settings)
