"""Clips from folders of numbered pictures."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from vsr.data.broken import BrokenFileError, leave_out
from vsr.data.clip import Clips, Window
from vsr.data.files.folder_tree import PICTURES, files_by_folder
from vsr.data.files.index import Found, Stamp, StoppedError, examine_all, file_stamp
from vsr.data.files.picture_file import picture_size, read_picture
from vsr.data.files.scene_cuts import THUMBNAIL, scene_cuts

SUFFIXES = PICTURES


class FrameClip:
    """Pictures of one folder in a given order. See `read_picture` for what becomes of them.

    Args:
        files: the pictures.
        name: of the clip.
        size: (H, W); None takes the first picture's.
        cuts: see `Clip`.

    Raises:
        BrokenFileError: the size is not given, and the first picture cannot be read.
    """

    def __init__(
        self, files: Sequence[Path], name: str, size: tuple[int, int] | None = None, cuts: Sequence[int] = ()
    ) -> None:
        self.folder, self.name, self.length = files[0].parent, name, len(files)
        self.path = self.folder  # as every clip that lies somewhere has it
        self.cuts: Sequence[int] = tuple(cuts)
        assert all(file.parent == self.folder for file in files)
        self._names = [file.name for file in files]  # not paths: a data set can have a million
        self.size = size or picture_size(files[0])

    @property
    def files(self) -> list[Path]:
        """The pictures."""
        return [self.folder / name for name in self._names]

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        area = window or Window(0, 0, *self.size)
        frames = np.empty((len(indices), area.height, area.width, 3), np.uint8)
        for position, index in enumerate(indices):
            file = self.folder / self._names[index]
            picture = read_picture(file)
            _check(file, picture.shape[:2], self.size)
            frames[position] = area.of(picture)
        return frames


class FrameFolder(Clips):
    """Every folder at or below ``root`` that holds pictures is a clip, named by its path within ``root``; the pictures
    are in the natural order of their names.

    Args:
        root: the folder.
        index: folder for what examining the pictures finds, so that it is done once; None keeps nothing.
        cuts: decode every picture once to find where shots begin and what is damaged; False reads only the head of
            each.
        max_broken: greatest share of clips that may be left out because a picture cannot be read, or has another size
            than the first.

    Raises:
        UserError: no such folder, no picture in it, or too many that cannot be read.
    """

    def __init__(
        self,
        root: str | Path | None,
        index: str | Path | None = None,
        cuts: bool = True,
        max_broken: float = 0.1,
    ) -> None:
        groups = files_by_folder(root, SUFFIXES)
        base = Path(str(root)).expanduser()
        found = examine_all(
            base,
            list(groups),
            lambda folder: _stamp(groups[folder]),
            lambda folder, stop: _examine(groups[folder], cuts, stop),
            index,
            "frames" if cuts else "undecoded-frames",
        )
        broken = [result for result in found if isinstance(result, BrokenFileError)]
        leave_out(broken, len(groups), max_broken)
        clips = [
            FrameClip(files, _name(folder, base), tuple(facts["size"]), facts["cuts"])
            for (folder, files), facts in zip(groups.items(), found, strict=True)
            if not isinstance(facts, BrokenFileError)
        ]
        super().__init__(clips, broken)


def _name(folder: Path, base: Path) -> str:
    return base.resolve().name if folder == base else folder.relative_to(base).as_posix()


def _stamp(files: Sequence[Path]) -> Stamp:
    """Of all pictures of a folder together."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file_stamp(file)}\n".encode())
    return {"pictures": len(files), "digest": digest.hexdigest()[:16]}


def _examine(files: Sequence[Path], decode: bool, stop: threading.Event) -> Found:
    size = picture_size(files[0])
    if decode:
        return {"size": size, "cuts": scene_cuts(_thumbnails(files, size, stop))}
    for file in files:
        _check(file, picture_size(file), size, stop)
    return {"size": size, "cuts": []}


def _thumbnails(files: Sequence[Path], size: tuple[int, int], stop: threading.Event) -> Iterator[np.ndarray]:
    for file in files:
        picture = read_picture(file)
        _check(file, picture.shape[:2], size, stop)
        yield cv2.resize(picture, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)


def _check(file: Path, size: tuple[int, ...], first: tuple[int, int], stop: threading.Event | None = None) -> None:
    if stop and stop.is_set():
        raise StoppedError
    if size != first:
        raise BrokenFileError(
            f"Picture '{file}' is {size[1]}x{size[0]}, the first of its folder {first[1]}x{first[0]}. Frames of a "
            "clip must be of one size: give each size its own folder.",
            str(file.parent),
        )
