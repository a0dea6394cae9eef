"""How upscaled video is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from vsr.errors import UserError, choose

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
MP4 = ("mp4", "mov")  # the same format by two names


@dataclass(frozen=True)
class Codec:
    """An encoder and how it is set.

    Args:
        encoder: its name in FFmpeg.
        pixels: its pixel format.
        containers: those that take it.
        multiple: what height and width must be multiples of.
        crf: its constant rate factor where it has one, smaller for better pictures.
        tag: by which players of Apple's know it in an MP4.
        has_full_range: whether it can say that a picture uses all levels.
        options: further settings.
    """

    encoder: str
    pixels: str
    containers: tuple[str, ...]
    multiple: tuple[int, int] = (1, 1)
    crf: int | None = None
    tag: str | None = None
    has_full_range: bool = True
    options: tuple[tuple[str, str], ...] = ()

    def settings(self, crf: int | None) -> dict[str, str]:
        """Options of the encoder, with its own rate factor where ``crf`` is None."""
        rate = crf if crf is not None else self.crf
        return {**dict(self.options), **({} if rate is None else {"crf": str(rate)})}


CODECS = {
    "h264": Codec("libx264", "yuv420p", ("mp4", "mov", "matroska"), (2, 2), crf=16),
    "hevc": Codec(
        "libx265",
        "yuv420p",
        ("mp4", "mov", "matroska"),
        (2, 2),
        crf=18,
        tag="hvc1",
        options=(("x265-params", "log-level=error"),),
    ),
    "prores": Codec(
        "prores_ks", "yuv422p10le", ("mov", "matroska"), (1, 2), has_full_range=False, options=(("profile", "hq"),)
    ),
    "ffv1": Codec("ffv1", "bgr0", ("matroska",), options=(("level", "3"), ("slicecrc", "1"))),
}

ALIASES = {"avc": "h264", "x264": "h264", "h265": "hevc", "x265": "hevc"}


def codec_for(path: Path, codec: str | None, crf: int | None) -> Codec:
    """The codec of the file ``path`` by its name or another that is in use; H.264 where None is named.

    Raises:
        UserError: the suffix, the codec, their combination or the rate factor is not known.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise UserError(
            f"output={path}: '{path.suffix}' is not written here. End it with {' '.join(CONTAINERS)}, "
            "or with nothing for a folder of PNG frames."
        )
    name = choose("codec", ALIASES.get(codec or "", codec) or "h264", CODECS)
    chosen = CODECS[name]
    if container not in chosen.containers:
        fitting = [suffix for suffix, holds in CONTAINERS.items() if holds in chosen.containers]
        raise UserError(
            f"output={path}: {path.suffix} does not hold codec={name}. End it with {' or '.join(fitting)}."
        )
    if chosen.encoder not in av.codecs_available:
        raise UserError(f"codec={name}: PyAV's FFmpeg was built without {chosen.encoder} here. Choose another codec.")
    if crf is not None and chosen.crf is None:
        raise UserError(f"crf={crf}: codec={name} has no such setting; leave crf unset")
    if crf is not None and not 0 <= crf <= 51:
        raise UserError(f"crf={crf}: expected 0 (best) to 51")
    return chosen
