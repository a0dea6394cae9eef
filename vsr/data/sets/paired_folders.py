"""Two folders, HR and its LR, of videos or of folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vsr.data.clip import Clips
from vsr.data.datamodule import ClipDataModule
from vsr.data.files.folder_tree import files_by_folder
from vsr.data.files.frames import SUFFIXES as PICTURES
from vsr.data.files.frames import FrameFolder
from vsr.data.files.video import SUFFIXES as VIDEOS
from vsr.data.files.video import VideoFolder
from vsr.data.sets.folders import Split, folder_data, folder_split
from vsr.errors import UserError


def clips_below(root: str | Path | None, **settings: Any) -> Clips:
    """`VideoFolder` or `FrameFolder`, whichever ``root`` is.

    Args:
        root: the folder, or a single video.
        settings: the other arguments of the two.

    Raises:
        UserError: it holds both kinds, or neither.
    """
    if root is not None and Path(root).expanduser().is_file():
        return VideoFolder(root, **settings)
    files = [file for group in files_by_folder(root, (*VIDEOS, *PICTURES)).values() for file in group]
    videos = [file for file in files if file.name.lower().endswith(VIDEOS)]
    if videos and len(videos) < len(files):
        raise UserError(f"Data folder '{root}' holds both videos and pictures: set data.root to a folder of one kind.")
    return VideoFolder(root, **settings) if videos else FrameFolder(root, **settings)


def paired_split(root: str | None, lr: str | None, **settings: Any) -> Split:
    """`folder_split` of `clips_below` with LR given.

    Args:
        root: folder of HR.
        lr: folder of its LR.
        settings: the other arguments of `folder_split`.

    Raises:
        UserError: no ``lr``, or what `clips_below` and `folder_split` raise.
    """
    _check(root, lr)
    return folder_split(clips_below, root, lr=lr, **settings)


def paired_data(root: str | None, lr: str | None, **settings: Any) -> ClipDataModule:
    """The data module of `paired_split`.

    Args:
        root: folder of HR.
        lr: folder of its LR.
        settings: the other arguments of `folder_data`.

    Raises:
        UserError: no ``lr``, or what `clips_below` and `folder_data` raise.
    """
    _check(root, lr)
    return folder_data(clips_below, root, lr=lr, **settings)


def _check(root: str | None, lr: str | None) -> None:
    if root is not None and lr is None:
        raise UserError("data.lr is not set: set it to the folder of data.root's LR, or take a data set without LR.")
