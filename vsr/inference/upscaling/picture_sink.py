"""A folder of PNG frames that has its name only once it is whole."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2

from vsr.errors import UserError
from vsr.inference.upscaling.failures import is_of_the_disk, nameless, refusal
from vsr.inference.upscaling.frame import Frame
from vsr.whole_file import scratch_beside

log = logging.getLogger(__name__)

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
        refuse_other_files(self._path, overwrite=True)
        try:
            _exchange(self._part, self._path)
        except OSError as error:
            raise refusal(self._path, error) from error  # all frames are there: `stop` has another name for them

    def stop(self) -> Path | None:
        """See `Sink.stop`."""
        if self._failed:
            return None
        if not self._count:
            self._part.rmdir()
            return None
        partial = self.partial(self._path)
        try:
            refuse_other_files(partial, overwrite=True)
            _exchange(self._part, partial)
        except (OSError, UserError) as error:
            raise nameless(self._part, partial, error) from error
        return partial

    @staticmethod
    def partial(path: Path) -> Path:
        """Where the frames of the folder ``path`` stand if it ends early."""
        path = path.resolve()
        return path.with_name(f"{path.name}.partial")

    @contextlib.contextmanager
    def _refusing_failures(self) -> Iterator[None]:
        """What fails inside, as one `UserError`; where it was the disk, nothing is left."""
        try:
            yield
        except OSError as error:
            if is_of_the_disk(error):
                self._failed = True
                shutil.rmtree(self._part, ignore_errors=True)
            raise refusal(self._path, error) from error


def _exchange(part: Path, path: Path) -> None:
    """Put the folder ``part`` in the place of ``path``, which has all of the old frames or all of the new."""
    old = path.replace(scratch_beside(path)) if path.is_dir() else None
    try:
        part.replace(path)
    except OSError:
        if old:
            old.replace(path)
        raise
    if old:
        try:
            shutil.rmtree(old)
        except OSError as error:
            log.warning(f"{old}, which was {path}, could not be deleted ({error.strerror})")


def refuse_other_files(folder: Path, overwrite: bool) -> None:
    """Raise `UserError` if ``folder`` holds anything but frames such as are written here, or those and no
    ``overwrite``."""
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    if others := [name for name in names if not _OURS.fullmatch(name)]:
        raise UserError(f"output={folder} holds other files ({others[0]}). Choose a new folder.")
    if names and not overwrite:
        raise UserError(f"output={folder} holds frames. Choose another folder, or set overwrite=true.")
