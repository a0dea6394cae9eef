"""Reading one picture of a frame sequence."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vsr.data.broken import BrokenFileError
from vsr.data.files.unreadable_now import UnreadableNowError, passing_reason


def read_picture(file: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, whatever the file's name ends with. Grey ones and palettes become RGB, 16 bits 8; alpha is
    left out and an orientation in EXIF ignored, for the pictures of a sequence have one size.

    Damage inside a file is found where its format tells: in PNG, which has check sums, and often in compressed TIFF.
    JPEG, WebP, BMP and plain TIFF have none: of bytes that were overwritten, decoders make some picture.

    Raises:
        BrokenFileError: it is gone, no picture, cut off, or damaged where that shows.
    """
    content = _content(file)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or _is_damaged_tiff(content):
        raise BrokenFileError(
            f"Picture '{file}' cannot be read: it is no picture, cut off or damaged. {_REMEDY}", str(file.parent)
        )
    return picture[..., ::-1]  # OpenCV reads BGR


def picture_size(file: Path) -> tuple[int, int]:
    """(H, W), from the head of the file.

    Raises:
        BrokenFileError: it is gone, or no picture.
    """
    try:
        with Image.open(file) as picture:
            return picture.height, picture.width
    except Exception as error:  # of a damaged file Pillow raises much beside OSError
        if passing_reason(error):
            raise _unreadable_now(file, error) from error
        _content(file)
        raise BrokenFileError(
            f"Picture '{file}' cannot be read: it is no picture. {_REMEDY}", str(file.parent)
        ) from error


_REMEDY = "Replace it, or remove the clip."


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except MemoryError as error:
        raise _unreadable_now(file, error) from error
    except OSError as error:
        if passing_reason(error):
            raise _unreadable_now(file, error) from error
        link = f"it is a link to '{file.readlink()}': " if file.is_symlink() else ""
        reason = f"{link}{(error.strerror or str(error)).lower()}"
        raise BrokenFileError(f"Picture '{file}' cannot be read ({reason}). {_REMEDY}", str(file.parent)) from error
    if not content:
        raise BrokenFileError(f"Picture '{file}' is empty. {_REMEDY}", str(file.parent))
    return content


def _unreadable_now(file: Path, error: Exception) -> UnreadableNowError:
    remedy = "Change its mode" if isinstance(error, PermissionError) else "The next start tries it again"
    return UnreadableNowError(
        f"Picture '{file}' cannot be read now ({passing_reason(error)}). {remedy}.",
        str(file.parent),
    )


def _is_damaged_tiff(content: bytes) -> bool:
    """OpenCV makes a picture of what is left."""
    if not content.startswith((b"II*\0", b"MM\0*")):
        return False
    try:
        picture = Image.open(io.BytesIO(content))
    except OSError:
        return False  # of a kind that Pillow does not know
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError):
        return True
    return False
