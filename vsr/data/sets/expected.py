"""Folders that a data set must have, and what is said where they are not as expected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsr.data.files.folder_tree import natural_key
from vsr.errors import UserError


def given_folder(root: str | Path | None, holds: str, key: str = "data.root") -> Path:
    """``root`` as a path.

    Args:
        root: what the user gave.
        holds: what is expected in it, for the message.
        key: the config key that ``root`` came from.

    Raises:
        UserError: it is None, or no folder.
    """
    if root is None:
        raise UserError(f"No data folder was given. Set {key}=FOLDER to the one that holds {holds}.")
    folder = Path(root).expanduser()
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"Data folder '{folder}' {state}. Set {key}=FOLDER to the one that holds {holds}.")
    return folder


def contents(folder: Path, limit: int = 5) -> str:
    """The names in ``folder`` for a message: ``a/, b/, c.txt and 12 more``."""
    entries = sorted(folder.iterdir(), key=lambda entry: natural_key(entry.name))
    names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries if entry.name[0] != "."]
    if not names:
        return "nothing"
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def under_key(prefix: str = "data", **keys: str) -> Iterator[None]:
    """Errors raised within name the key that the user really set: ``under_key(root="val_root")`` tells of
    ``data.val_root`` what a source says of ``data.root``, ``under_key("data.parts.a")`` of ``data.parts.a.root``.
    """
    try:
        yield
    except UserError as error:
        text = re.sub(
            r"\bdata\.(root|val_root|lr|val_lr|val_clips|split|index|source\.decoder)\b",
            lambda found: f"{prefix}.{keys.get(found[1], found[1])}",
            str(error),
        )
        raise UserError(text) from error
