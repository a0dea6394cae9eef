"""A video as an animated picture, for viewers that show nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from PIL import Image

from vsr.whole_file import whole_file


@dataclass(frozen=True)
class Animation:
    """An encoded GIF."""

    gif: bytes
    width: int
    height: int


def animation(video: Path, max_frames: int = 30, max_width: int = 960) -> Animation:
    """The first frames of ``video`` at its own speed, made narrower where it is wider than ``max_width``."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        milliseconds = round(1000 / float(stream.average_rate or 25))
        frames = [frame.to_image() for frame in islice(container.decode(stream), max_frames)]
    width = min(frames[0].width, max_width)
    height = round(frames[0].height * width / frames[0].width)
    small = [frame.resize((width, height), Image.Resampling.BOX) for frame in frames]
    content = io.BytesIO()
    small[0].save(content, "GIF", save_all=True, append_images=small[1:], duration=milliseconds, loop=0)
    return Animation(content.getvalue(), width, height)


def write_webp(path: Path, frames: Sequence[np.ndarray], fps: int) -> None:
    """Write ``(H, W, 3)`` uint8 frames as an animated WebP, lossy, that plays in any browser without end.

    Of successive frames that hardly differ it holds one, for as long as all of them take.
    """
    first, *others = [Image.fromarray(frame) for frame in frames]
    with whole_file(path) as part:
        first.save(
            part, "WEBP", save_all=True, append_images=others, duration=round(1000 / fps), loop=0, quality=90, method=2
        )
