"""A folder of PNG frames that has its name only once it is whole."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

import cv2

from vsr.errors import UserError
from vsr.inference.upscaling.frame import Frame

_OURS = re.compile(r"\d{8}\.png")
_COMPRESSION = 3  # of 9: a third of the time of 9, a twentieth larger


class PictureSink:
    """``00000000.png``, ``00000001.png`` and so on.

    Args:
        path: of the folder; frames that stand in it are replaced at the end.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0
        self._part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        self._part.mkdir(parents=True)

    def write(self, frame: Frame) -> None:
        """See `Sink.write`."""
        done, content = cv2.imencode(".png", frame.picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
        assert done
        try:
            (self._part / f"{self._count:08d}.png").write_bytes(content.tobytes())
        except OSError as error:
            shutil.rmtree(self._part)
            raise UserError(f"{self._path} could not be written ({error.strerror}). Make room.") from error
        self._count += 1

    def finish(self) -> None:
        """See `Sink.finish`."""
        if self._path.is_dir():
            refuse_other_files(self._path, overwrite=True)
            shutil.rmtree(self._path)
        self._part.replace(self._path)

    def stop(self) -> Path | None:
        """See `Sink.stop`."""
        if not self._count or not self._part.is_dir():
            shutil.rmtree(self._part, ignore_errors=True)
            return None
        partial = self._path.with_name(f"{self._path.name}.partial")
        if partial.is_dir():
            refuse_other_files(partial, overwrite=True)
            shutil.rmtree(partial)
        return self._part.replace(partial)


def refuse_other_files(folder: Path, overwrite: bool) -> None:
    """Raise `UserError` if ``folder`` holds anything but frames such as are written here, or those and no
    ``overwrite``."""
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    if others := [name for name in names if not _OURS.fullmatch(name)]:
        raise UserError(f"output={folder} holds other files ({others[0]}). Choose a new folder.")
    if names and not overwrite:
        raise UserError(f"output={folder} holds frames. Choose another folder, or set overwrite=true.")
