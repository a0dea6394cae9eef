"""Clips from video files, decoded by decord."""

import os
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vsr.data.clip import Clips
from vsr.data.folder_tree import files_by_folder
from vsr.errors import UserError

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
_DECODE_CHUNK = 16  # frames decoded at once when a whole file is kept, so that it is never in memory twice


class VideoClip:
    """One video file.

    Args:
        path: the file.
        keep_in_memory: decode the whole file on the first read and keep it (H*W*3 bytes a frame): random access
            then costs nothing. For short videos.
        name: None takes the file's name without its suffix.

    Raises:
        UserError: the file is missing, cannot be decoded, or has no frame.
    """

    def __init__(self, path: str | Path, keep_in_memory: bool = False, name: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self.name = name or self.path.stem
        self.keep_in_memory = keep_in_memory
        self._frames: np.ndarray | None = None
        reader = _open(self.path)  # not kept: a data set can have thousands of files
        self.length = len(reader)
        self.size: tuple[int, int] = _decode(self.path, reader, [0]).shape[1:3]

    def read(self, indices: Sequence[int]) -> np.ndarray:
        """See `Clip.read`."""
        if not self.keep_in_memory:
            return _decode(self.path, _reader_of(self.path, os.getpid()), indices)
        if self._frames is None:
            self._frames = self._decode_all()
        if isinstance(indices, range) and indices.step == 1:
            return self._frames[indices.start : indices.stop]  # a view: a crop of it need not copy whole frames
        return self._frames[list(indices)]

    def _decode_all(self) -> np.ndarray:
        frames = np.empty((self.length, *self.size, 3), np.uint8)
        reader = _open(self.path)
        for start in range(0, self.length, _DECODE_CHUNK):
            chunk = range(start, min(start + _DECODE_CHUNK, self.length))
            frames[start : chunk.stop] = _decode(self.path, reader, chunk)
        return frames

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frames": None}  # a worker decodes for itself


class VideoFolder(Clips):
    """Every video file (mp4 mkv webm mov avi) at or below a folder is a clip, named by its path within it.

    Args:
        root: the folder.
        keep_in_memory: see `VideoClip`.

    Raises:
        UserError: no such folder, no video in it, or a file that cannot be decoded.
    """

    def __init__(self, root: str | Path | None, keep_in_memory: bool = False) -> None:
        files = [file for group in files_by_folder(root, SUFFIXES).values() for file in group]
        inside = [file.relative_to(Path(str(root)).expanduser()) for file in files]
        count = Counter(path.with_suffix("") for path in inside)
        names = [path.with_suffix("") if count[path.with_suffix("")] == 1 else path for path in inside]
        super().__init__(
            [VideoClip(file, keep_in_memory, name.as_posix()) for file, name in zip(files, names, strict=True)]
        )


@lru_cache(maxsize=8)  # open decoders hold tens of megabytes each
def _reader_of(path: Path, process: int) -> Any:
    """A reader that stays open. By process, because one inherited through fork shares its file position and locks."""
    return _open(path)


def _open(path: Path) -> Any:
    import decord  # here, because decord loads its own FFmpeg: only processes that decode should pay for it

    if not path.is_file():
        raise UserError(f"Video '{path}' does not exist.")
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path), num_threads=1)  # one thread a worker; the workers are the parallelism
    except (RuntimeError, decord.DECORDError) as error:
        raise UserError(f"Video '{path}' cannot be read: is it a video file, and complete?") from error
    if len(reader) == 0:
        raise UserError(f"Video '{path}' has no frames. Remove it from the data folder.")
    return reader


def _decode(path: Path, reader: Any, indices: Sequence[int]) -> np.ndarray:
    import decord

    try:
        return reader.get_batch(list(indices)).asnumpy()
    except (RuntimeError, decord.DECORDError) as error:
        raise UserError(
            f"Video '{path}' cannot be decoded at frames {min(indices)} to {max(indices)}: re-encode or remove it."
        ) from error
