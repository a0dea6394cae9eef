"""Where upscaled frames go."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vsr.errors import UserError
from vsr.inference.upscaling.codecs import codec_for
from vsr.inference.upscaling.frame import About, Frame
from vsr.inference.upscaling.picture_sink import PictureSink, refuse_other_files
from vsr.inference.upscaling.video_sink import VideoSink


class Sink(Protocol):
    """Takes frames, under another name than its own until it is finished."""

    def write(self, frame: Frame) -> None:
        """Add a frame.

        Raises:
            UserError: the disk is full or fails.
        """
        ...

    def finish(self) -> None:
        """Give it its name.

        Raises:
            UserError: the disk is full or fails.
        """
        ...

    def stop(self) -> Path | None:
        """End it early: where what was written stands as something that plays, None if there is nothing."""
        ...


def check_output(path: Path, codec: str | None, crf: int | None, overwrite: bool) -> None:
    """Refuse what cannot be written, before any work is done.

    Raises:
        UserError: ``path`` exists and ``overwrite`` is not set, its suffix and the ``codec`` do not fit, or it cannot
            be replaced by a folder.
    """
    if is_folder(path):
        if path.exists() and not path.is_dir():
            raise UserError(f"output={path} is a file. Choose another name for the folder of PNG frames.")
        if path.resolve().is_mount():
            raise UserError(f"output={path} is where a disk is mounted, not to be replaced. Choose a folder in it.")
        if codec is not None or crf is not None:
            raise UserError(f"output={path} is a folder of PNG frames; codec and crf are of a video such as out.mp4")
        refuse_other_files(path, overwrite)
        return
    codec_for(path, codec, crf)
    if path.exists() and not overwrite:
        raise UserError(f"output={path} exists. Choose another name, or set overwrite=true.")


def open_sink(path: Path, about: About, codec: str | None, crf: int | None) -> Sink:
    """A video file or, where ``path`` has no suffix or is a folder, PNG frames in it.

    Args:
        path: its name.
        about: the video that it becomes.
        codec: as of `codec_for`.
        crf: as of `codec_for`.
    """
    return PictureSink(path) if is_folder(path) else VideoSink(path, about, codec_for(path, codec, crf))


def partial_of(path: Path) -> Path:
    """Where what was made of ``path`` stands if it ends early."""
    return PictureSink.partial(path) if is_folder(path) else VideoSink.partial(path)


def is_folder(path: Path) -> bool:
    """Whether ``path`` means a folder of pictures rather than a video."""
    return path.is_dir() or not path.suffix
