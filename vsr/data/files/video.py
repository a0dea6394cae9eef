"""Clips from video files."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np

from vsr.data.broken import BrokenFileError, leave_out
from vsr.data.clip import Clips, Window
from vsr.data.files.folder_tree import VIDEOS, files_by_folder
from vsr.data.files.index import Stamp, examine_all, file_stamp
from vsr.data.files.video_examination import broken_if_unreadable, counted_facts, decoded_facts
from vsr.data.files.video_facts import DecodeError, VideoFacts
from vsr.data.files.video_readers import reader_of
from vsr.errors import choose

SUFFIXES = VIDEOS
_AT_ONCE = 16  # frames decoded at once when a whole file is kept, so that it is never in memory twice

log = logging.getLogger(__name__)


class VideoClip:
    """One video file, as a player shows it: rotated as it says, though by square pixels (a sample aspect ratio is
    ignored), in RGB by its colour matrix and range. Alpha is left out; more than 8 bits are rounded to 8.

    Read by decord, or by PyAV where ``facts`` say so, decord is missing, or it fails. Damage that comes later and
    leaves size and time of the file as they are is noticed by PyAV alone: decord makes frames that look whole.

    Args:
        path: the file.
        keep_in_memory: decode the whole file on the first read and keep it (H*W*3 bytes a frame): random access
            then costs nothing. For short videos.
        name: None takes the file's name without its suffix.
        facts: what is known of the file; None finds it out without decoding it (`counted_facts`).

    Raises:
        BrokenFileError: the file is missing, no video, or cut off.
    """

    def __init__(
        self, path: str | Path, keep_in_memory: bool = False, name: str | None = None, facts: VideoFacts | None = None
    ) -> None:
        self.path = Path(path).expanduser()
        self.name = name or self.path.stem
        self.keep_in_memory = keep_in_memory
        self._facts = facts or counted_facts(self.path)
        self.length, self.size, self.fps = self._facts.length, self._facts.size, self._facts.fps
        self.cuts: Sequence[int] = self._facts.cuts
        with broken_if_unreadable(self.path):
            self._stamp = tuple(file_stamp(self.path).values())
        self._frames: np.ndarray | None = None

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        if not self.keep_in_memory:
            return self._decode(indices, window)
        if self._frames is None:
            self._frames = self._decode_all()
        if isinstance(indices, range) and indices.step == 1:
            frames = self._frames[indices.start : indices.stop]  # a view: its window need not copy whole frames
        else:
            frames = self._frames[list(indices)]
        return frames if window is None else window.of(frames)

    def _decode_all(self) -> np.ndarray:
        frames = np.empty((self.length, *self.size, 3), np.uint8)
        for start in range(0, self.length, _AT_ONCE):
            chunk = range(start, min(start + _AT_ONCE, self.length))
            frames[start : chunk.stop] = self._decode(chunk, None)
        return frames

    def _decode(self, indices: Sequence[int], window: Window | None) -> np.ndarray:
        self._refuse_changed()
        try:
            with broken_if_unreadable(self.path, (OSError, MemoryError)):
                return reader_of(self.path, self._facts, self._stamp, os.getpid()).read(indices, window)
        except DecodeError as error:
            if self._facts.decoder == "decord":
                log.debug("'%s' is read by PyAV from now on: %s", self.path, error)
                self._facts = replace(self._facts, decoder="pyav")
                return self._decode(indices, window)
            raise BrokenFileError(
                f"Video '{self.path}' cannot be decoded at frames {min(indices)} to {max(indices)} ({error}). "
                "Encode it anew, or remove it.",
                str(self.path),
            ) from error

    def _refuse_changed(self) -> None:
        """An open reader would go on with a file that is gone, or meet content that nobody has examined."""
        with broken_if_unreadable(self.path):
            stamp = tuple(file_stamp(self.path).values())
        if stamp != self._stamp:
            raise BrokenFileError(
                f"Video '{self.path}' has changed since it was examined. Start again to examine it anew.",
                str(self.path),
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frames": None}  # a worker decodes for itself


class VideoFolder(Clips):
    """Every video file at or below a folder is a clip, named by its path within it.

    Args:
        root: the folder, or a single file.
        keep_in_memory: see `VideoClip`.
        index: folder for what examining the files finds, so that it is done once; None keeps nothing.
        cuts: decode every file once to find where shots begin, what is damaged, and how it is best read; False reads
            it without decoding: such a file has no cuts, damage is found only in training, and PyAV reads it.
        max_broken: greatest share of files that may be left out because they cannot be read.
        decoder: ``decord``, where it is known to read a file exactly, or ``pyav`` for all of them.

    Raises:
        UserError: no such folder, no video in it, too many that cannot be read, or another decoder.
    """

    def __init__(
        self,
        root: str | Path | None,
        keep_in_memory: bool = False,
        index: str | Path | None = None,
        cuts: bool = True,
        max_broken: float = 0.1,
        decoder: str = "decord",
    ) -> None:
        only_pyav = choose("data.source.decoder", decoder, ("decord", "pyav")) == "pyav"
        files = _names(root)
        facts_of = decoded_facts if cuts else counted_facts
        found = examine_all(
            Path(str(root)).expanduser(),
            list(files),
            _stamp,
            lambda file, stop: asdict(facts_of(file, stop)),
            index,
            "videos" if cuts else "undecoded-videos",
        )
        clips: list[VideoClip] = []
        broken: list[BrokenFileError] = []
        for (file, name), facts in zip(files.items(), found, strict=True):
            if isinstance(facts, BrokenFileError):
                broken.append(facts)
                continue
            known = VideoFacts(**(facts | {"decoder": "pyav"} if only_pyav else facts))
            try:
                clips.append(VideoClip(file, keep_in_memory, name, known))
            except BrokenFileError as vanished:
                broken.append(vanished)
        leave_out(broken, len(files), max_broken)
        super().__init__(clips, broken)


def _stamp(file: Path) -> Stamp:
    """Of a file, and of what it was examined with."""
    return {**file_stamp(file), "av": av.__version__, "decord": find_spec("decord") is not None}


def _names(root: str | Path | None) -> dict[Path, str]:
    """The video files at or below ``root``, each with the name of its clip: without its suffix, if that is unique."""
    base = Path(str(root)).expanduser()
    if root is not None and base.is_file():
        return {base: base.stem}
    files = [file for group in files_by_folder(root, SUFFIXES).values() for file in group]
    stems = Counter(file.with_suffix("") for file in files)
    named = {file: file.with_suffix("") if stems[file.with_suffix("")] == 1 else file for file in files}
    return {file: name.relative_to(base).as_posix() for file, name in named.items()}
