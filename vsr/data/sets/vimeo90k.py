"""Vimeo-90K septuplets (Xue et al., IJCV 2019): 64,612 training and 7,824 test clips of 7 frames of 448x256."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vsr.data.broken import BrokenFileError, leave_out, refuse_too_many
from vsr.data.clip import Clips, Window
from vsr.data.datamodule import ClipDataModule
from vsr.data.files.frames import FrameClip
from vsr.data.paired import Paired
from vsr.data.sets.expected import contents, given_folder
from vsr.data.sets.given_lr import LRIs
from vsr.errors import UserError

FRAMES = 7


@dataclass(slots=True)
class Septuplet:
    """``im1.png`` to ``im7.png`` in ``root/name``. Light, and no file of it was looked at, because there are 64,612.

    Args:
        root: folder of all septuplets.
        name: ``00001/0001``.
        size: (H, W) that its pictures should have.
    """

    root: str
    name: str
    size: tuple[int, int]

    length = FRAMES
    cuts: Sequence[int] = ()

    @property
    def path(self) -> Path:
        """Its folder."""
        return Path(self.root, self.name)

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        pictures = [self.path / f"im{number}.png" for number in range(1, FRAMES + 1)]
        return FrameClip(pictures, self.name, self.size).read(indices, window)


class Septuplets(Clips):
    """The septuplets that a list names, in its order.

    Args:
        root: folder that holds them as ``00001/0001/im1.png``.
        names: of the list: ``00001/0001``.
        max_broken: greatest share that may be missing.

    Raises:
        UserError: more are missing, or the first cannot be read.
    """

    def __init__(self, root: Path, names: Sequence[str], max_broken: float = 0.1) -> None:
        # One listing a video, not one look-up a septuplet: network drives are slow at those.
        videos = {name.partition("/")[0] for name in names}
        there = {f"{video}/{entry.name}" for video in videos for entry in _entries(root / video)}
        missing = [
            BrokenFileError(f"Septuplet '{root / name}' is not there. Unpack it again.", str(root / name))
            for name in names
            if name not in there
        ]
        refuse_too_many(missing, len(names), max_broken)
        leave_out(missing, len(names), max_broken)
        found = [name for name in names if name in there]
        size = FrameClip([root / found[0] / "im1.png"], found[0]).size
        super().__init__([Septuplet(str(root), name, size) for name in found], missing)


def vimeo90k_data(
    root: str | None,
    train_list: str = "sep_trainlist.txt",
    val_list: str = "sep_testlist.txt",
    lr: str | None = None,
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    lr_is: LRIs = None,
    **settings: Any,
) -> ClipDataModule:
    """A data module over ``root/sequences/00001/0001/im1.png`` ….

    Args:
        root: folder of the septuplet archive.
        train_list: file, within ``root`` or anywhere, whose lines begin with the name of a training septuplet.
        val_list: likewise of the validation septuplets: ``sep_testlist.txt``, or the lists by speed of motion,
            ``fast_testset.txt``, ``medium_testset.txt`` and ``slow_testset.txt``.
        lr: folder, within ``root`` or anywhere, of the LR of ``sequences``, laid out like it or like ``root``; None:
            the degradation makes LR.
        scale: super-resolution factor.
        train: None or False for evaluation only: ``train_list`` is not read.
        max_broken: greatest share of septuplets that may be missing; also passed on.
        lr_is: what made given LR (`made_by`), for records.
        settings: the other arguments of `ClipDataModule`.

    Raises:
        UserError: no such folder or list, a list without names, or what `Septuplets` and `Paired` raise.
    """
    folder = given_folder(root, "sequences/ and sep_trainlist.txt")
    originals = folder / "sequences"
    if not originals.is_dir():
        raise UserError(
            f"Vimeo-90K folder '{folder}' has no sequences/; it holds {contents(folder)}. "
            "Set data.root to the folder that holds it."
        )
    reduced = None if lr is None else _lr_folder(folder, lr)

    def clips(key: str, names: str) -> Clips:
        listed = _listed(folder, key, names)
        hr = Septuplets(originals, listed, max_broken)
        return hr if reduced is None else Paired(hr, Septuplets(reduced, listed, max_broken), scale)

    training = clips("train_list", train_list) if train else None
    val = clips("val_list", val_list)
    return ClipDataModule(training, val, scale=scale, max_broken=max_broken, **settings)


def _listed(root: Path, key: str, names: str) -> list[str]:
    file = root / Path(names).expanduser()
    if not file.is_file():
        raise UserError(
            f"Vimeo-90K folder '{root}' has no list {names}; it holds {contents(root)}. "
            f"Copy the list there, or set data.{key} to its path."
        )
    found = [words[0] for line in file.read_text(encoding="utf-8").splitlines() if (words := line.split())]
    if not found or any(name.count("/") != 1 for name in found):
        raise UserError(f"List '{file}' should name septuplets, one a line, as 00001/0001. Set data.{key} to another.")
    return found


def _lr_folder(root: Path, lr: str) -> Path:
    folder = root / Path(lr).expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder '{folder}'. Set data.lr to the LR of sequences/, or to null to make it.")
    return folder / "sequences" if (folder / "sequences").is_dir() else folder


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
