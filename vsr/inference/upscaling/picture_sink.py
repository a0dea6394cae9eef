"""A folder of PNG frames that has its name only once it is whole."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2

from vsr.errors import UserError
from vsr.inference.upscaling.frame import Frame
from vsr.whole_file import not_written, scratch_beside

_OURS = re.compile(r"\d{8}\.png")
_COMPRESSION = 3  # of 9: a third of the time of 9, a twentieth larger


class PictureSink:
    """``00000000.png``, ``00000001.png`` and so on.

    Args:
        path: of the folder; frames that stand in it are replaced at the end.

    Raises:
        UserError: it cannot be written there.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count, self._failed = path.resolve(), 0, False
        self._part = scratch_beside(self._path)
        with self._refusing_failures():
            self._part.mkdir(parents=True)

    def write(self, frame: Frame) -> None:
        """See `Sink.write`."""
        done, content = cv2.imencode(".png", frame.picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
        assert done
        with self._refusing_failures():
            (self._part / f"{self._count:08d}.png").write_bytes(content.tobytes())
        self._count += 1

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._publish(self._path)

    def stop(self) -> Path | None:
        """See `Sink.stop`."""
        if self._failed:
            return None
        if not self._count:
            self._part.rmdir()
            return None
        partial = self._path.with_name(f"{self._path.name}.partial")
        self._publish(partial)
        return partial

    def _publish(self, path: Path) -> None:
        """Put the new frames in the place of those that stand there, of which it has none or all."""
        refuse_other_files(path, overwrite=True)
        with self._refusing_failures():
            old = path.replace(scratch_beside(path)) if path.is_dir() else None
            self._part.replace(path)
            if old:
                shutil.rmtree(old)

    @contextlib.contextmanager
    def _refusing_failures(self) -> Iterator[None]:
        """What fails inside, as one `UserError`; nothing is left then."""
        try:
            yield
        except OSError as error:
            self._failed = True
            shutil.rmtree(self._part, ignore_errors=True)
            raise not_written(self._path, error, "Make room, or choose another place") from error


def refuse_other_files(folder: Path, overwrite: bool) -> None:
    """Raise `UserError` if ``folder`` holds anything but frames such as are written here, or those and no
    ``overwrite``."""
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    if others := [name for name in names if not _OURS.fullmatch(name)]:
        raise UserError(f"output={folder} holds other files ({others[0]}). Choose a new folder.")
    if names and not overwrite:
        raise UserError(f"output={folder} holds frames. Choose another folder, or set overwrite=true.")
