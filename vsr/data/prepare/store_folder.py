"""The folder of a store while it is being written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from vsr.data.prepare.plan import DUPLICATE, FOLDER, Task
from vsr.data.prepare.settings import Settings
from vsr.data.store.folder import HEADER_BYTES, fault_of
from vsr.data.store.index import NAME, Shot, add_to_index, read_index, write_index
from vsr.errors import UserError
from vsr.whole_file import remove_scratch

LOCK = ".lock"


class WritableStore:
    """Its index in memory and on the disk, in step.

    Attributes:
        folder: of the store.
        shots: the lines of its index, by the names of the shots.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self._settings = folder, asdict(settings)
        self.shots: dict[str, Shot] = {}
        if (folder / NAME).exists():
            kept, shots = read_index(folder)
            self._refuse_other_settings(kept)
            self.shots = {shot.name: shot for shot in shots}

    def tidy(self, tasks: Sequence[Task]) -> None:
        """Forget shots whose files are broken, or whose sources, among those of ``tasks``, have changed since, and
        delete every file that is not in the index: what a killed process has left.

        Raises:
            UserError: the store has a clip of the same name from another source.
        """
        planned = {task.shot.name: task.shot for task in tasks}
        clips = {task.shot.clip: task.shot for task in tasks}
        for shot in [shot for shot in self.shots.values() if shot.clip in clips]:
            self._refuse_other_source(shot, clips[shot.clip])
            if not self._stands(shot, planned.get(shot.name)):
                del self.shots[shot.name]
        for shot in [shot for shot in self.shots.values() if shot.original and shot.original not in self.shots]:
            del self.shots[shot.name]
        write_index(self.folder, self._settings, list(self.shots.values()))
        listed = {self.folder / shot.file for shot in self.shots.values() if shot.file}
        for path in (self.folder / FOLDER).rglob("*"):
            if path.is_file() and path not in listed:
                path.unlink()

    def add(self, shot: Shot) -> None:
        """Add a line to the index."""
        add_to_index(self.folder, shot)
        self.shots[shot.name] = shot

    def replace(self, worse: Shot, better: Shot) -> None:
        """Store ``better``, and drop as its duplicates ``worse`` and what had been dropped as duplicates of that."""
        for shot in [shot for shot in self.shots.values() if worse.name in (shot.name, shot.original)]:
            self.shots[shot.name] = as_duplicate(shot, better.name)
        self.shots[better.name] = better
        write_index(self.folder, self._settings, list(self.shots.values()))
        (self.folder / str(worse.file)).unlink()

    def require_room(self, tasks: Iterable[Task]) -> int:
        """Bytes that ``tasks`` take if none turns out static or a duplicate.

        Raises:
            UserError: the disk has less.
        """
        needed = sum(task.shot.bytes + HEADER_BYTES for task in tasks)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise UserError(
                f"The store takes up to {gigabytes(needed)} more, and the disk of '{self.folder}' has "
                f"{gigabytes(free)} free: make room, take --max-height or --every, or another --output."
            )
        return needed

    def _refuse_other_settings(self, kept: dict[str, object]) -> None:
        other = [name for name, value in self._settings.items() if kept.get(name) != value]
        if other:
            was = " ".join(_option(name, kept.get(name)) for name in other)
            raise UserError(f"The store '{self.folder}' was prepared {was}: give the same, or another --output.")

    def _refuse_other_source(self, shot: Shot, other: Shot) -> None:
        if shot.state != other.state and shot.source != other.source:
            raise UserError(
                f"The store has '{shot.clip}' from '{shot.source}': rename '{other.source}', or give another --output."
            )

    def _stands(self, shot: Shot, planned: Shot | None) -> bool:
        """Whether the line ``shot`` is what would be stored today, and its file is there."""
        found = (shot.state, shot.frames, shot.height, shot.width)
        if planned is None or found != (planned.state, planned.frames, planned.height, planned.width):
            return False
        return shot.file is None or fault_of(self.folder / shot.file, shot.shape) is None


def as_duplicate(shot: Shot, original: str) -> Shot:
    """Its line of the index where it is dropped for the shot of the name ``original``."""
    return replace(shot, file=None, sha256=None, signature=None, static=None, dropped=DUPLICATE, original=original)


@contextmanager
def writable_store(folder: Path, settings: Settings) -> Iterator[WritableStore]:
    """The store in ``folder``, new or to be added to, for this process alone. A folder that was made for it is taken
    away again where nothing came of it.

    Raises:
        UserError: the folder cannot be made, or has something else in it (hidden files aside), a store of other
            settings, or another process that writes it.
    """
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"'{folder}' cannot be made ({error.strerror}): give another --output.") from error
    try:
        if not (folder / NAME).exists() and any(path.name[0] != "." for path in folder.iterdir()):
            raise UserError(f"'{folder}' is neither empty nor a prepared store: give another --output.")
        with FileLock(folder / LOCK, timeout=0):
            remove_scratch(folder)
            yield WritableStore(folder, settings)
    except Timeout as error:
        raise UserError(f"Another process is preparing '{folder}': wait for it, or give another --output.") from error
    finally:
        if new and {path.name for path in folder.iterdir()} <= {LOCK}:
            (folder / LOCK).unlink(missing_ok=True)
            folder.rmdir()


def _option(name: str, value: object) -> str:
    option = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return f"without {option}"
    return f"with {option}" if value is True else f"with {option} {value}"


def gigabytes(size: float) -> str:
    """For people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
