"""Files that appear under their name only once they are whole."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path``, whose folder is made if missing, and rename it to ``path`` at the end.

    If the block raises, nothing is left. Several processes may write ``path`` at once: the last one's file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the process id: processes of two machines that share the folder may have the same one.
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
