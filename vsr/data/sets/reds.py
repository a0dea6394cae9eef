"""REDS (Nah et al., CVPRW 2019): 240 training and 30 validation clips of 100 frames of 1280x720."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from vsr.data.clip import Clip, Clips
from vsr.data.datamodule import ClipDataModule
from vsr.data.files.frames import FrameFolder
from vsr.data.paired import Paired
from vsr.data.sets.expected import contents, given_folder
from vsr.data.sets.folders import Split
from vsr.data.sets.given_lr import LRIs
from vsr.data.sets.renamed import renamed
from vsr.errors import UserError, choose

log = logging.getLogger(__name__)

TRAINING_CLIPS = 240
VALIDATION = {
    "REDS4": ["000", "011", "015", "020"],
    "official": [f"{number:03d}" for number in range(TRAINING_CLIPS, TRAINING_CLIPS + 30)],
}
"""Validation clips of each split, the official ones numbered on from the training clips as BasicSR does."""


def reds_split(
    root: str | None,
    split: str = "REDS4",
    lr: str | None = None,
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    index: str | None = None,
    cuts: bool = False,
) -> Split:
    """``split`` of the clips in ``root/train_sharp`` and ``root/val_sharp``, or in ``root/train/train_sharp`` and
    ``root/val/val_sharp``, as the archives unpack. The latter's 30 clips are called 240 to 269, and may as well lie in
    ``train_sharp`` under these names.

    Args:
        root: folder of REDS.
        split: ``REDS4``: clips 000, 011, 015 and 020 validate and all others train, 266 with ``val_sharp`` and 236
            without. ``official``: ``train_sharp`` trains, ``val_sharp`` validates.
        lr: LR's folders after ``train_`` and ``val_``: ``sharp_bicubic/X4``; None: the degradation makes LR.
        scale: super-resolution factor.
        train: None or False for evaluation only.
        max_broken: greatest share of broken clips.
        index: see `FrameFolder`, likewise ``cuts``.
        cuts: see ``index``.

    Raises:
        UserError: no such folders, a validation clip that is missing or broken, or what `FrameFolder` and `Paired`
            raise.
    """
    validation = VALIDATION[choose("data.split", split, VALIDATION)]
    folder = given_folder(root, "train_sharp/")
    examine = {"index": index, "cuts": cuts, "max_broken": max_broken}
    clips = _numbered(folder, "sharp", examine, "Set data.root to the folder that holds it.")
    if lr is not None:
        remedy = "Mend data.lr, or set data.lr=null to have LR made from HR."
        clips = Paired(clips, _numbered(folder, lr, examine, remedy), scale)
    by_name = {clip.name: clip for clip in clips}
    if missing := [name for name in validation if name not in by_name]:
        raise UserError(
            f"REDS in '{folder}' has no readable clip {_listed(missing)}, and data.split={split} validates on it. "
            "Restore it, or choose another data.split."
        )
    val = Clips([by_name[name] for name in validation])
    if not train:
        return None, val
    training = [clip for clip in clips if clip.name not in validation]
    log.info(f"REDS, split {split}: {len(training)} clips train, {len(val)} validate")
    return Clips(training, clips.broken), val


def reds_data(
    root: str | None,
    split: str = "REDS4",
    lr: str | None = None,
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    index: str | None = None,
    cuts: bool = False,
    lr_is: LRIs = None,
    **settings: Any,
) -> ClipDataModule:
    """The data module of `reds_split`.

    Args:
        root: see `reds_split`, likewise the others but the last two.
        split: see ``root``.
        lr: see ``root``.
        scale: see ``root``.
        train: see ``root``.
        max_broken: see ``root``; also passed on.
        index: see ``root``.
        cuts: see ``root``.
        lr_is: what made given LR (`made_by`), for records.
        settings: the other arguments of `ClipDataModule`.
    """
    train_clips, val = reds_split(
        root, split, lr, scale=scale, train=train, max_broken=max_broken, index=index, cuts=cuts
    )
    return ClipDataModule(train_clips, val, scale=scale, max_broken=max_broken, **settings)


def _numbered(root: Path, kind: str, examine: dict[str, Any], remedy: str) -> Clips:
    """The clips of one ``kind`` (``sharp``, ``sharp_bicubic/X4``): 000 to 239 and, where they are there, to 269."""
    folders = {first: _folder(root, part, kind) for first, part in ((0, "train"), (TRAINING_CLIPS, "val"))}
    sources = {first: FrameFolder(folder, **examine) for first, folder in folders.items() if folder is not None}
    if not sources:
        place, held = _nearest_folder(root, f"train_{kind}")
        raise UserError(f"REDS folder '{root}' has no train_{kind}/; {place} holds {held}. {remedy}")
    clips: dict[str, Clip] = {}
    for first, source in sources.items():
        for clip in source:
            if re.fullmatch(r"\d{3}", clip.name):
                name = f"{first + int(clip.name):03d}"
                clips.setdefault(name, renamed(clip, name))
    return Clips(list(clips.values()), [file for source in sources.values() for file in source.broken])


def _listed(clips: list[str], most: int = 4) -> str:
    """As in the archives: ``val_sharp/000`` for 240."""
    names = [
        f"train_sharp/{name}" if int(name) < TRAINING_CLIPS else f"val_sharp/{int(name) - TRAINING_CLIPS:03d}"
        for name in clips
    ]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _nearest_folder(root: Path, wanted: str) -> tuple[str, str]:
    """The innermost folder on the way to ``wanted`` that is there, for a message, and what it holds."""
    for base in (root, root / "train"):
        for folder in (base / wanted).parents:
            if folder != base and folder.is_relative_to(base) and folder.is_dir():
                return f"{folder.relative_to(root)}/", contents(folder)
    return "it", contents(root)


def _folder(root: Path, part: str, kind: str) -> Path | None:
    places = [root / f"{part}_{kind}", root / part / f"{part}_{kind}"]
    return next((place for place in places if place.is_dir()), None)
