"""Readers of video files that stay open in the process that reads."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from vsr.data.files.decord_reader import DecordReader
from vsr.data.files.pyav_reader import PyAVReader
from vsr.data.files.video_facts import VideoFacts

OPEN = 8  # readers that stay open in a process: each holds tens of megabytes


@lru_cache(maxsize=OPEN)
def reader_of(path: Path, facts: VideoFacts, stamp: tuple[int, ...], process: int) -> DecordReader | PyAVReader:
    """An open reader of the file ``path`` by the decoder that ``facts`` name.

    Args:
        path: the file.
        facts: of the file.
        stamp: of its content.
        process: id of the calling one: a reader inherited through fork shares its file position and locks.

    Raises:
        DecodeError: the decoder cannot open it.
    """
    return (DecordReader if facts.decoder == "decord" else PyAVReader)(path, facts)
