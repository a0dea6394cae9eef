"""Clips from a store that ``python -m vsr.data.prepare`` has written: a crop is read without decoding anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vsr.data.broken import BrokenFileError, leave_out
from vsr.data.clip import Clips, Window
from vsr.data.files.folder_tree import natural_key
from vsr.data.store.index import Shot, read_index
from vsr.errors import UserError

HEADER_BYTES = 128
"""Before the pixels: NumPy's header, for every shape that a video can have."""

_AGAIN = "Give the command that prepared the store again."


class StoredClip:
    """One shot in a file of its own: frames (T, H, W, 3) uint8 in NumPy's format, uncompressed, so that it can be
    mapped into memory (``np.load(path, mmap_mode="r")``).

    Here the rows of the window are read instead, which takes half the time of mapping them afresh; of a mapping that
    stays, every page ever touched would count as memory of the process, and a failing disk would kill it.

    Args:
        path: the file.
        shot: its line of the index.
    """

    cuts: Sequence[int] = ()

    def __init__(self, path: Path, shot: Shot) -> None:
        self.path, self.name, self.video, self.fps = path, shot.name, shot.clip, shot.fps
        self.length, self.size = shot.frames, (shot.height, shot.width)

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        if fault := fault_of(self.path, (self.length, *self.size, 3)):
            raise fault
        area = window or Window(0, 0, *self.size)
        columns = area._replace(top=0)
        frames = np.empty((len(indices), area.height, area.width, 3), np.uint8)
        rows = np.empty((area.height, self.size[1], 3), np.uint8)
        try:
            with self.path.open("rb", buffering=0) as file:
                for frame, index in zip(frames, indices, strict=True):
                    file.seek(HEADER_BYTES + (index * self.size[0] + area.top) * rows[0].nbytes)
                    if file.readinto(rows.data) < rows.nbytes:
                        raise OSError("it ends too early")
                    frame[...] = columns.of(rows)
        except OSError as error:
            raise BrokenFileError(f"Shot '{self.path}' cannot be read ({error}). {_AGAIN}", str(self.path)) from error
        return frames


class StoreFolder(Clips):
    """The shots of a prepared store, in natural order of their names, whenever they were stored or mended.

    Args:
        root: the store's folder.
        max_broken: greatest share of files that may be missing or of another size than they were written with.

    Raises:
        UserError: no such folder, no store, an empty one, or too many broken files.
    """

    def __init__(self, root: str | Path | None, max_broken: float = 0.1) -> None:
        if root is None:
            raise UserError("No data folder was given. Set data.root=FOLDER to a prepared store.")
        folder = Path(root).expanduser()
        shots = sorted((shot for shot in read_index(folder)[1] if shot.file), key=lambda shot: natural_key(shot.name))
        if not shots:
            raise UserError(f"The store '{folder}' is empty: prepare something into it.")
        broken = {shot.name: fault for shot in shots if (fault := fault_of(folder / str(shot.file), shot.shape))}
        leave_out(list(broken.values()), len(shots), max_broken)
        super().__init__(
            [StoredClip(folder / str(shot.file), shot) for shot in shots if shot.name not in broken],
            list(broken.values()),
        )


def fault_of(path: Path, shape: tuple[int, ...]) -> BrokenFileError | None:
    """What is wrong with the file ``path`` of a shot (T, H, W, 3), judged by its size."""
    expected = HEADER_BYTES + math.prod(shape)
    try:
        size = path.stat().st_size
    except OSError as error:
        return BrokenFileError(f"Shot '{path}' cannot be read ({error.strerror}). {_AGAIN}", str(path))
    if size != expected:
        return BrokenFileError(f"Shot '{path}' has {size} bytes instead of {expected}. {_AGAIN}", str(path))
    return None
