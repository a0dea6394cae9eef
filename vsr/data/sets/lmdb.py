"""Clips from an LMDB of pictures as BasicSR makes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vsr.data.broken import BrokenFileError, leave_out
from vsr.data.clip import Clips, Window
from vsr.data.files.folder_tree import natural_key
from vsr.data.sets.expected import contents, given_folder
from vsr.errors import UserError

_LINE = re.compile(r"(?P<key>\S.*)\.\w+ \((?P<height>\d+), ?(?P<width>\d+), ?\d+\) \d+")


class LmdbClip:
    """Pictures (PNG or JPEG) under the keys ``prefix`` + each of ``frames``.

    Args:
        root: the LMDB's folder.
        name: of the clip.
        prefix: what its keys begin with: ``000/``.
        frames: what they end with, in order: ``00000000``, ….
        size: (H, W) of each.
    """

    cuts: Sequence[int] = ()

    def __init__(self, root: str, name: str, prefix: str, frames: tuple[str, ...], size: tuple[int, int]) -> None:
        self.root, self.name, self.prefix, self.frames = root, name, prefix, frames
        self.length, self.size = len(frames), size

    @property
    def path(self) -> Path:
        """Where it lies: below the LMDB's folder, though only the LMDB knows it."""
        return Path(self.root, self.name)

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        window = window or Window(0, 0, *self.size)
        read = np.empty((len(indices), window.height, window.width, 3), np.uint8)
        with _environment(self.root).begin() as transaction:
            for position, index in enumerate(indices):
                key = self.prefix + self.frames[index]
                read[position] = window.of(self._decoded(key, transaction.get(key.encode())))
        return read

    def _decoded(self, key: str, value: bytes | None) -> np.ndarray:
        if value is None:
            raise self._broken(key, "is not there, though meta_info.txt names it")
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        picture = cv2.imdecode(np.frombuffer(value, np.uint8), flags) if value else None
        if picture is None:
            raise self._broken(key, "is no picture, or not a whole one")
        if picture.shape[:2] != self.size:
            raise self._broken(key, f"is {picture.shape[1]}x{picture.shape[0]}, not as meta_info.txt says")
        return picture[..., ::-1]  # OpenCV decodes to BGR

    def _broken(self, key: str, reason: str) -> BrokenFileError:
        return BrokenFileError(f"'{key}' of LMDB '{self.root}' {reason}. Make the LMDB anew.", str(self.path))


class LmdbFolder(Clips):
    """The clips of an LMDB folder: ``data.mdb``, and ``meta_info.txt`` with a line ``000/00000000.png (720,1280,3) 1``
    for the picture under the key ``000/00000000``. Keys that share all but their last part are one clip, in natural
    order; a key of one part is a clip of one frame.

    Args:
        root: the LMDB's folder.
        max_broken: greatest share of clips whose pictures may differ in size.

    Raises:
        UserError: no such folder or file, or ``meta_info.txt`` is not of that kind.
        BrokenFileError: ``data.mdb`` is not whole.
    """

    def __init__(self, root: str | Path | None, max_broken: float = 0.1) -> None:
        folder = given_folder(root, "data.mdb and meta_info.txt").resolve()
        for file in ("data.mdb", "meta_info.txt"):
            if not (folder / file).is_file():
                raise UserError(
                    f"LMDB '{folder}' has no {file}; it holds {contents(folder)}. "
                    "Set data.root to a folder with data.mdb and meta_info.txt."
                )
        _environment(str(folder))  # what is not whole is found now, not in the middle of a run
        clips, broken = _examined(folder)
        leave_out(broken, len(clips) + len(broken), max_broken)
        super().__init__(clips, broken)


def _examined(folder: Path) -> tuple[list[LmdbClip], list[BrokenFileError]]:
    frames: dict[tuple[str, str], list[str]] = {}  # of each (clip's name, what its keys begin with)
    sizes: dict[str, set[tuple[int, int]]] = {}
    for key, size in _meta_info(folder / "meta_info.txt"):
        parent, slash, frame = key.rpartition("/")
        name = parent or key
        frames.setdefault((name, parent + slash), []).append(frame)
        sizes.setdefault(name, set()).add(size)
    in_order = cache(_in_order)  # clips of equal frame names share them, in memory and pickled
    clips, broken = [], []
    for name, prefix in sorted(frames, key=lambda clip: natural_key(clip[0])):
        if len(sizes[name]) > 1:
            reason = f"Clip '{name}' of LMDB '{folder}' has pictures of several sizes. Give each size its own clip."
            broken.append(BrokenFileError(reason, f"{folder}/{name}"))
            continue
        clips.append(LmdbClip(str(folder), name, prefix, in_order(tuple(frames[name, prefix])), sizes[name].pop()))
    return clips, broken


def _in_order(frames: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(frames, key=natural_key))


def _meta_info(file: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """The key and the size (H, W) of each picture."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if (found := _LINE.fullmatch(line.strip())) is None:
            raise UserError(
                f"Line {number} of '{file}' should be like '000/00000000.png (720,1280,3) 1', and is '{line[:60]}'. "
                "Make the LMDB anew."
            )
        yield found["key"], (int(found["height"]), int(found["width"]))


@lru_cache(maxsize=8)
def _environment(root: str) -> Any:
    """The LMDB, which stays open; read-only and without a lock file, because data sets lie where neither can be
    written.

    Raises:
        BrokenFileError: it is gone, no LMDB, or shorter than it says: to read beyond its end would kill the process.
    """
    import lmdb  # here, because only processes that read one need it

    try:
        environment = lmdb.open(root, readonly=True, lock=False, create=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise BrokenFileError(f"LMDB '{root}' cannot be opened ({error}). Copy or make it anew.", root) from error
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if Path(root, "data.mdb").stat().st_size < needed:
        environment.close()
        raise BrokenFileError(f"LMDB '{root}' is cut short: data.mdb lacks its end. Copy it again.", root)
    return environment


if hasattr(os, "register_at_fork"):  # the library opens nothing twice in a process, and counts what is inherited
    os.register_at_fork(after_in_child=_environment.cache_clear)
