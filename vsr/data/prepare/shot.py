"""Stores one shot."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from vsr.data.files.index import StoppedError
from vsr.data.prepare.look import signature, static, thumbnails
from vsr.data.prepare.plan import STATIC, Task
from vsr.data.store.folder import HEADER_BYTES
from vsr.data.store.index import REMEDY, Shot
from vsr.whole_file import whole_file

CHUNK_BYTES = 64 * 2**20
"""Read at once, in pictures of the source: a shot can be larger than the memory."""


def store_shot(task: Task, folder: Path, keep_static: bool, stopped: Callable[[], bool]) -> Shot:
    """Write the shot's file and return its line of the index, with hash and signature; of a static one, nothing is
    left but the line that says so.

    Args:
        task: the shot.
        folder: of the store.
        keep_static: see `Settings`.
        stopped: asked again and again whether to stop.

    Raises:
        BrokenFileError: a frame cannot be read.
        UserError: the disk is full or fails.
        StoppedError: ``stopped`` said so.
    """
    shot = task.shot
    path = folder / str(shot.file)
    digest, thumbs = hashlib.sha256(), []
    with whole_file(path, REMEDY) as part, part.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shot.shape})
        assert file.tell() == HEADER_BYTES
        for frames in _chunks(task):
            if stopped():
                raise StoppedError
            digest.update(frames.data)
            file.write(frames.data)
            thumbs.append(thumbnails(frames))
    looks = np.concatenate(thumbs)
    still = static(looks)
    if still and not keep_static:
        path.unlink()
        return replace(shot, file=None, dropped=STATIC)
    looks_like = b64encode(signature(looks).tobytes()).decode()
    return replace(shot, sha256=digest.hexdigest(), signature=looks_like, static=still or None)


def _chunks(task: Task) -> Iterator[np.ndarray]:
    """The shot's frames as stored, in order."""
    size = task.shot.height, task.shot.width
    source_height, source_width = task.clip.size
    at_once = max(1, CHUNK_BYTES // (3 * source_height * source_width))
    for start in range(0, len(task.indices), at_once):
        frames = task.clip.read(task.indices[start : start + at_once])
        if frames.shape[1:3] != size:
            frames = np.stack([cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA) for frame in frames])
        yield np.ascontiguousarray(frames)
