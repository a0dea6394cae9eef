"""The clips of a command line's sources."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clip, Clips
from vsr.data.files.folder_tree import files_by_folder
from vsr.data.files.frames import SUFFIXES as PICTURES
from vsr.data.files.frames import FrameFolder
from vsr.data.files.index import file_stamp
from vsr.data.files.video import SUFFIXES as VIDEOS
from vsr.data.files.video import VideoFolder
from vsr.errors import UserError

LMDB = "data.mdb"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A clip to store.

    Attributes:
        name: unique among the sources.
        path: of the video, or of the folder of frames.
        state: changes whenever a file of it does: 16 hexadecimal digits.
        clip: reads it.
    """

    name: str
    path: Path
    state: str
    clip: Clip


def find_sources(paths: Sequence[str | Path], index: str | Path | None) -> tuple[list[Source], list[BrokenFileError]]:
    """(what can be stored, what was found and cannot) at or below ``paths``, each of which is a video, or a folder
    with videos, folders of frames or both in it. Clips are named by their path, from the given folder's name on.

    Args:
        paths: files and folders.
        index: see `vsr.data.VideoFolder`.

    Raises:
        UserError: a path does not exist or holds nothing, nothing of all paths can be read, two clips have the same
            name, or the index cannot be written.
    """
    found: dict[str, Source] = {}
    broken: list[BrokenFileError] = []
    for path in (Path(path).expanduser() for path in paths):
        for clips in (_readable(kind, path, index) for kind in _kinds(path)):
            broken += clips.broken
            for clip in clips:
                try:
                    source = _source(clip, path)
                except OSError as error:  # it was there when it was examined
                    broken.append(_vanished(clip, error))
                    continue
                if source.name in found:
                    raise UserError(f"'{found[source.name].path}' and '{source.path}' would both be called "
                                    f"'{source.name}' in the store: rename one.")  # fmt: skip
                found[source.name] = source
    if not found:
        sources = ", ".join(f"'{path}'" for path in paths)
        raise UserError(f"Nothing in {sources} can be read; why was said above.")
    return list(found.values()), broken


def _kinds(path: Path) -> list[type[VideoFolder | FrameFolder]]:
    """What reads ``path``: a folder may hold both kinds."""
    if path.name == LMDB or (path / LMDB).is_file():
        root = path.parent if path.name == LMDB else path
        raise UserError(f"'{path}' is an LMDB, which is read as it is: train on it with data=lmdb data.root={root}.")
    if path.is_file():
        return [VideoFolder]
    if not path.is_dir():
        raise UserError(f"'{path}' does not exist: expected a video, or a folder of videos or of folders of frames.")
    try:
        groups = files_by_folder(path, VIDEOS + PICTURES)
    except UserError as error:
        raise UserError(f"'{path}' holds no video and no picture: give another SOURCE.") from error
    suffixes = {file.suffix.lower() for files in groups.values() for file in files}
    kinds = ((VideoFolder, VIDEOS), (FrameFolder, PICTURES))
    return [kind for kind, endings in kinds if not suffixes.isdisjoint(endings)]


def _readable(kind: type[VideoFolder | FrameFolder], path: Path, index: str | Path | None) -> Clips:
    """The clips of one ``kind``, none where all are broken."""
    try:
        return kind(path, index=index, max_broken=1.0)
    except UserError as error:
        if "data.index=" in str(error):  # it cannot be written, and would be as little for the next
            raise UserError(str(error).replace("Set data.index=", "Give --index=")) from error
        return Clips([], [BrokenFileError(str(error), str(path))])  # each of them was said already


def _vanished(clip: Any, error: OSError) -> BrokenFileError:
    broken = BrokenFileError(
        f"'{clip.path}' is gone or cannot be read ({error.strerror}). Restore it.", str(clip.path)
    )
    log.warning(f"left out: {broken}")
    return broken


def _source(clip: Any, root: Path) -> Source:
    path = Path(clip.path)
    base = root.resolve().name
    name = root.stem if root.is_file() else base if clip.name == base else f"{base}/{clip.name}"
    return Source(name, path.absolute(), _state(clip), clip)


def _state(clip: Any) -> str:
    digest = hashlib.sha256()
    for file in clip.files if hasattr(clip, "files") else [clip.path]:
        digest.update(f"{file.name} {file_stamp(file)}\n".encode())
    return digest.hexdigest()[:16]
