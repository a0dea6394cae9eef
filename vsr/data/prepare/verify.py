"""Whether a store still is what was written."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vsr.data.broken import BrokenFileError
from vsr.data.prepare.bar import bar
from vsr.data.store.folder import HEADER_BYTES, fault_of
from vsr.data.store.index import Shot, read_index


def verify(folder: str | Path) -> tuple[int, list[BrokenFileError]]:
    """(files, those that are missing or altered) of the store in ``folder``, all read to the end.

    Raises:
        UserError: ``folder`` is no store.
    """
    folder = Path(folder).expanduser()
    shots = [shot for shot in read_index(folder)[1] if shot.file]
    faults = []
    with bar("verifying shots", len(shots)) as done:
        for shot in shots:
            faults.append(_fault(folder / str(shot.file), shot))
            done(1)
    return len(shots), [fault for fault in faults if fault]


def _fault(path: Path, shot: Shot) -> BrokenFileError | None:
    if fault := fault_of(path, shot.shape):
        return fault
    try:
        with path.open("rb") as file:
            file.seek(HEADER_BYTES)
            if hashlib.file_digest(file, "sha256").hexdigest() == shot.sha256:
                return None
            why = "its content was altered"
    except OSError as error:
        why = str(error.strerror)
    return BrokenFileError(
        f"Shot '{path}': {why}. Delete it and give the command that prepared the store again.", str(path)
    )
