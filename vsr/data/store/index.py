"""The index of a prepared store: which shot lies in which file, where it is from, and what was dropped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsr.errors import UserError
from vsr.whole_file import append, whole_file

NAME = "index.jsonl"
SCHEMA = 1
REMEDY = "Make room and give the same command again: it goes on where it stopped"


@dataclass(frozen=True)
class Shot:
    """One line of the index.

    Attributes:
        name: of the shot, within the store.
        clip: name of the clip that it is from.
        source: path of that clip when it was prepared.
        state: fingerprint of that clip's files.
        first: number of the shot's first frame in the clip.
        frames: how many frames it has, with `height`, `width` and `fps` (None: not known) as stored.
        file: within the store's folder; None where it was dropped.
        sha256: of its pixels, RGB, frame after frame.
        signature: see `vsr.data.prepare.look.signature`, in base64.
        static: nothing moves in it, and it is stored nevertheless; None otherwise.
        dropped: why it is not stored.
        original: name of the shot that it is a duplicate of.
    """

    name: str
    clip: str
    source: str
    state: str
    first: int
    frames: int
    height: int
    width: int
    fps: float | None = None
    file: str | None = None
    sha256: str | None = None
    signature: str | None = None
    static: bool | None = None
    dropped: str | None = None
    original: str | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, 3)."""
        return self.frames, self.height, self.width, 3

    @property
    def bytes(self) -> int:
        """Of its pixels."""
        return math.prod(self.shape)

    def line(self) -> str:
        """As JSON, without what is None."""
        return json.dumps({key: value for key, value in asdict(self).items() if value is not None}) + "\n"


def read_index(folder: Path) -> tuple[dict[str, Any], list[Shot]]:
    """(settings it was prepared with, lines) of the store in ``folder``. A last line that was cut off is left out.

    Raises:
        UserError: ``folder`` is no store, or its index is damaged or of another version.
    """
    path = folder / NAME
    try:
        *whole, _ = path.read_text(encoding="utf-8").split("\n")  # what has no line end was not written to its end
    except OSError as error:
        raise UserError(f"'{folder}' is no prepared store (no readable {NAME} in it). Make one: "
                        "python -m vsr.data.prepare SOURCE --output FOLDER") from error  # fmt: skip
    try:
        header, *lines = (json.loads(line) for line in whole)
        schema, settings = header["schema"], header["settings"]
        shots = [Shot(**line) for line in lines] if schema == SCHEMA else []
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"'{path}' is damaged ({error}). Prepare the store anew in another folder.") from error
    if schema != SCHEMA:
        raise UserError(f"'{path}' is of version {schema}, this program reads {SCHEMA}. Prepare the store anew.")
    return settings, shots


def write_index(folder: Path, settings: Mapping[str, Any], shots: list[Shot]) -> None:
    """Write the whole index of the store in ``folder``.

    Raises:
        UserError: the disk is full or fails.
    """
    header = json.dumps({"schema": SCHEMA, "settings": dict(settings)}) + "\n"
    with whole_file(folder / NAME, REMEDY) as part:
        part.write_text(header + "".join(shot.line() for shot in shots), encoding="utf-8")


def add_to_index(folder: Path, shot: Shot) -> None:
    """Add one line.

    Raises:
        UserError: the disk is full or fails; the index is as it was.
    """
    append(folder / NAME, shot.line(), REMEDY)
