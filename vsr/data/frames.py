"""Clips from folders of numbered pictures."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from vsr.data.clip import Clips
from vsr.data.folder_tree import files_by_folder
from vsr.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


class FrameClip:
    """The pictures (PNG, JPEG, WebP) in one folder, in the natural order of their names. Grey ones, 16-bit ones and
    those with alpha are read as 8-bit RGB.

    Args:
        files: the pictures, in order.
        name: of the clip.

    Raises:
        UserError: a picture cannot be read or, on reading, differs in size from the first.
    """

    def __init__(self, files: Sequence[Path], name: str) -> None:
        self.files, self.name = list(files), name
        self.length = len(self.files)
        self.size = _size(self.files[0])

    def read(self, indices: Sequence[int]) -> np.ndarray:
        """See `Clip.read`."""
        frames = np.empty((len(indices), *self.size, 3), np.uint8)
        for position, index in enumerate(indices):
            frames[position] = self._picture(self.files[index])
        return frames

    def _picture(self, file: Path) -> np.ndarray:
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if picture is None:
            raise UserError(f"Picture '{file}' cannot be read. Replace or remove it.")
        if picture.shape[:2] != self.size:
            raise UserError(
                f"Picture '{file}' is {picture.shape[1]}x{picture.shape[0]}, the first of clip '{self.name}' "
                f"{self.size[1]}x{self.size[0]}. Frames of a clip must be of one size: give each size its own folder."
            )
        return picture[..., ::-1]  # OpenCV reads BGR


class FrameFolder(Clips):
    """Every folder at or below ``root`` that holds pictures is a clip, named by its path within ``root``.

    Args:
        root: the folder.

    Raises:
        UserError: no such folder, or no picture in it.
    """

    def __init__(self, root: str | Path | None) -> None:
        groups = files_by_folder(root, SUFFIXES)
        base = Path(str(root)).expanduser()
        super().__init__([FrameClip(files, _name(folder, base)) for folder, files in groups.items()])


def _name(folder: Path, base: Path) -> str:
    return base.resolve().name if folder == base else folder.relative_to(base).as_posix()


def _size(file: Path) -> tuple[int, int]:
    try:
        with Image.open(file) as picture:  # reads the header only: a data set can have 100,000 clips
            return picture.height, picture.width
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"Picture '{file}' cannot be read. Replace or remove it.") from error
