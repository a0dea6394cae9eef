"""A folder of pictures, or those that a pattern names, as a video."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from vsr.data.files.folder_tree import natural_key
from vsr.data.files.frames import SUFFIXES, FrameClip
from vsr.errors import UserError
from vsr.inference.upscaling.colour import Colour
from vsr.inference.upscaling.frame import About, Frame

_SLOWEST, _FASTEST = 0.001, 10_000


class PictureSource:
    """Pictures of one size, in the given order, at a given rate. See `vsr.data.files.picture_file.read_picture`.

    Args:
        files: of one folder.
        fps: pictures a second.

    Raises:
        UserError: the first one cannot be read, or the rate is none.
    """

    def __init__(self, files: Sequence[Path], fps: float) -> None:
        if isinstance(fps, bool) or not isinstance(fps, int | float) or not _SLOWEST <= fps <= _FASTEST:
            raise UserError(f"fps={fps}: expected pictures a second, {_SLOWEST} to {_FASTEST}, such as 25")
        self._clip = FrameClip(files, files[0].parent.name)
        self.name = str(files[0] if len(files) == 1 else files[0].parent)
        self.expected: int | None = len(files)
        rate = Fraction(fps).limit_denominator(1001)
        self.about = About(self._clip.size, 1 / rate, rate, Colour())

    def frames(self) -> Iterator[Frame]:
        """See `Source.frames`."""
        for number in range(self._clip.length):
            yield Frame(self._clip.read([number])[0], number, 1)


def pictures_of(given: str) -> list[Path]:
    """The pictures that ``given`` names, a folder, a picture or a pattern such as ``shot/*.png``, in natural order;
    none if it is something else.

    Raises:
        UserError: a folder without pictures, or a pattern that fits none or those of several folders.
    """
    path = Path(given).expanduser()
    if path.is_file():
        return [path] if path.suffix.lower() in SUFFIXES else []
    if path.is_dir():
        files = [file for file in path.iterdir() if not file.name.startswith(".")]
        what = f"Folder '{given}' holds no picture"
    elif any(sign in given for sign in "*?["):
        files = [Path(file) for file in glob.glob(str(path))]  # noqa: PTH207  (a pattern may begin at the root)
        what = f"No picture fits '{given}'"
    else:
        return []
    pictures = [file for file in files if file.suffix.lower() in SUFFIXES and file.is_file()]
    if not pictures:
        raise UserError(f"{what} ({' '.join(SUFFIXES)}). Set input= to a video, a folder of frames or a pattern.")
    if len({file.parent for file in pictures}) > 1:
        raise UserError(f"'{given}' fits pictures of several folders. Upscale each folder by itself.")
    return sorted(pictures, key=lambda file: natural_key(file.name))
