"""Reading one picture of a frame sequence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vsr.data.broken import BrokenFileError


def read_picture(file: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, whatever the file's name ends with. Grey ones and palettes become RGB, 16 bits 8; alpha is
    left out and an orientation in EXIF ignored, for the pictures of a sequence have one size.

    Raises:
        BrokenFileError: it is gone, no picture, or cut off.
    """
    content = _content(file)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise BrokenFileError(
            f"Picture '{file}' cannot be read: it is no picture, or cut off. {_REMEDY}", str(file.parent)
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
        _content(file)
        raise BrokenFileError(
            f"Picture '{file}' cannot be read: it is no picture. {_REMEDY}", str(file.parent)
        ) from error


_REMEDY = "Replace it, or remove the clip."


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        link = f"it is a link to '{file.readlink()}': " if file.is_symlink() else ""
        reason = f"{link}{(error.strerror or str(error)).lower()}"
        raise BrokenFileError(f"Picture '{file}' cannot be read ({reason}). {_REMEDY}", str(file.parent)) from error
    if not content:
        raise BrokenFileError(f"Picture '{file}' is empty. {_REMEDY}", str(file.parent))
    return content
