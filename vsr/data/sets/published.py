"""Published test sets of frame folders: Vid4, UDM10, SPMCS and whatever is laid out like them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vsr.data.clip import Clips
from vsr.data.datamodule import ClipDataModule
from vsr.data.files.folder_tree import natural_key
from vsr.data.files.frames import SUFFIXES, FrameClip
from vsr.data.paired import Paired
from vsr.data.sets.expected import contents, given_folder
from vsr.data.sets.given_lr import LRIs
from vsr.errors import UserError


def benchmark(
    root: str | None,
    hr: str,
    lr: str | None = None,
    *,
    scale: int,
    train: bool | None = None,
    lr_is: LRIs = None,
    **settings: Any,
) -> ClipDataModule:
    """A test set, for evaluation only. Unlike in training, nothing of it is left out: scores of a part would pass for
    scores of the whole.

    Args:
        root: the test set's folder.
        hr: folders of the originals within it, ``*`` standing for the clip's name: ``GT/*`` or ``*/truth``. ``GT`` is
            short for ``GT/*``.
        lr: likewise of their LR; None: the degradation makes LR.
        scale: super-resolution factor.
        train: None; as in every data config, where it means evaluation only.
        lr_is: what made given LR (`made_by`), for records.
        settings: the other arguments of `ClipDataModule`.

    Raises:
        UserError: no such folders, a picture that cannot be read, LR that does not fit, or ``train``.
    """
    if train:
        raise UserError(f"data={settings['name']} is for evaluation only. Choose another data= to train on.")
    folder = given_folder(root, _shown(hr))
    clips = _clips(folder, hr, "Set data.root to the one that holds it.")
    if lr is not None:
        clips = Paired(
            clips, _clips(folder, lr, "Set data.lr to the folder of LR within data.root, or to null."), scale
        )
    return ClipDataModule(None, clips, scale=scale, **settings)


def _clips(root: Path, pattern: str, remedy: str) -> Clips:
    """A clip of each folder below ``root`` that matches ``pattern`` and holds pictures."""
    before, _, after = (pattern if "*" in pattern else f"{pattern}/*").partition("*")
    parent = root / before
    folders = [entry / after.lstrip("/") for entry in parent.iterdir()] if parent.is_dir() else []
    found = {folder: pictures for folder in folders if folder.is_dir() and (pictures := _pictures(folder))}
    if not found:
        raise UserError(f"Test set '{root}' has no pictures in {_shown(pattern)}; it holds {contents(root)}. {remedy}")
    names = {folder: folder.relative_to(parent).parts[0] for folder in found}
    ordered = sorted(found, key=lambda folder: natural_key(names[folder]))
    return Clips([FrameClip(found[folder], names[folder]) for folder in ordered])


def _pictures(folder: Path) -> list[Path]:
    """The pictures in ``folder`` itself, in order."""
    files = [entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES and entry.name[0] != "."]
    return sorted(files, key=lambda file: natural_key(file.name))


def _shown(pattern: str) -> str:
    """The pattern as a person reads it: ``GT/CLIP/``."""
    return (pattern if "*" in pattern else f"{pattern}/*").replace("*", "CLIP") + "/"
