"""Finding files below a folder, in the order a person would list them."""

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

from vsr.errors import UserError

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
VIDEOS = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".ts",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".ogv",
    ".3gp",
    ".y4m",
)
"""What is looked for. What a file is, its content decides."""

log = logging.getLogger(__name__)


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sort key that counts digits as numbers: ``frame2`` comes before ``frame10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def files_by_folder(root: str | Path | None, suffixes: Iterable[str]) -> dict[Path, list[Path]]:
    """Folders at or below ``root`` that hold files with one of ``suffixes`` (lower case), each with those files.

    Links to folders are followed, each folder is entered once, hidden files and folders are skipped, and everything is
    in natural order.

    Raises:
        UserError: ``root`` is None, is no folder, or holds no such file.
    """
    endings = tuple(suffixes)
    wanted = " ".join(ending.lstrip(".") for ending in endings)
    if root is None:
        raise UserError(f"No data folder was given. Set data.root=FOLDER to a folder that holds {wanted} files.")
    root = Path(root).expanduser()
    if not root.is_dir():
        state = "is not a folder" if Path(root).expanduser().exists() else "does not exist"
        raise UserError(f"Data folder '{root}' {state}. Set data.root=FOLDER to one that holds {wanted} files.")
    found: dict[Path, list[Path]] = {}
    seen = {_identity(root)}
    all_endings: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=_say_unreadable):
        subfolders[:] = sorted((name for name in subfolders if not name.startswith(".")), key=natural_key)
        subfolders[:] = [name for name in subfolders if _is_new(Path(folder, name), seen)]
        all_endings |= {Path(name).suffix.lower() for name in files if not name.startswith(".")}
        names = [name for name in files if name.lower().endswith(endings) and not name.startswith(".")]
        if names:
            found[Path(folder)] = [Path(folder, name) for name in sorted(names, key=natural_key)]
    if not found:
        raise UserError(f"Data folder '{root}' holds no {wanted} file{_other_kind(all_endings)}. "
                        "Set data.root=FOLDER to one that does.")  # fmt: skip
    return found


def _other_kind(endings: set[str]) -> str:
    """What is said of a folder without what was looked for, and with files of these ``endings``."""
    if not endings.isdisjoint(VIDEOS):
        return ", but videos: take data=video_folder for them"
    return "" if endings.isdisjoint(PICTURES) else ", but pictures: take data=frame_folder for them"


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether it is not in ``seen``, and is from now on: a link may lead back to a folder that it is in."""
    identity = _identity(folder)
    new = identity not in seen
    seen.add(identity)
    return new


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _say_unreadable(error: OSError) -> None:
    log.warning(f"left out: folder '{error.filename}' cannot be listed ({error.strerror})")
