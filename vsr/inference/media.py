"""Pictures and videos of clips: bicubic | SR | HR side by side, and each by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from vsr.inference.animation import write_webp
from vsr.whole_file import whole_file

BAR = 22  # height of the caption bar, px
PANEL_WIDTH = 400  # to which small frames are enlarged, px
MOST_PANELS = 6
LARGEST_CROP = 256  # px
MOVING_FRAMES = 24


@dataclass(frozen=True)
class ClipMedia:
    """What `MediaFolder` wrote of a clip.

    Args:
        frame: number of the frame that the stills show.
        crop: top, left and side of the part of it that bicubic loses most of: the same whatever else is shown.
        fps: of what moves.
        video: all versions side by side.
        stills: by version, the whole frame as PNG, no pixel changed.
        moving: by version, the crop of some frames about that one as animated WebP, lossy.
    """

    frame: int
    crop: tuple[int, int, int]
    fps: int
    video: Path
    stills: dict[str, Path]
    moving: dict[str, Path]

    def record(self, version: str, folder: Path) -> dict[str, Any]:
        """What a ``results.json`` in ``folder`` says of ``version``, bicubic and HR; paths are relative to it."""

        def files(of: Mapping[str, Path]) -> dict[str, str]:
            bicubic, *_, hr = of.values()
            shown = {"bicubic": bicubic, "sr": of[version], "hr": hr}
            return {name: _relative(path, folder) for name, path in shown.items()}

        top, left, side = self.crop
        return {
            "frame": self.frame,
            "crop": {"top": top, "left": left, "side": side},
            "fps": self.fps,
            "stills": files(self.stills),
            "moving": files(self.moving),
            "video": _relative(self.video, folder),
        }


class MediaFolder:
    """Writes of each clip ``NAME.png`` (one frame, whole and enlarged) and ``NAME.mp4``, versions side by side, and
    into ``NAME/`` each version by itself: a frame as ``VERSION.png``, a part of it moving as ``VERSION.webp``.

    Args:
        folder: made, if missing, when the first clip is written.
        fps: of the videos.
        max_frames: longest video, in frames.
    """

    def __init__(self, folder: Path, fps: int = 25, max_frames: int = 100) -> None:
        self.folder = folder
        self.fps = fps
        self.max_frames = max_frames
        self._names: dict[str, str] = {}

    def write(self, name: str, versions: Mapping[str, np.ndarray]) -> ClipMedia:
        """Show versions of a clip by name, each ``(T, H, W, 3)`` uint8: bicubic first, HR last."""
        png, mp4 = self.paths(name)
        clips = {version: clip[: self.max_frames] for version, clip in versions.items()}
        bicubic, *_, hr = clips.values()
        middle = len(hr) // 2
        crop = hardest_part(bicubic[middle], hr[middle])
        shown = _side_by_side(list(clips))
        picture = strip([clips[version][middle] for version in shown], shown, crop)
        with whole_file(png) as part:
            picture.save(part, "PNG")
        moving = zip(*(clips[version] for version in shown), strict=True)
        frames = (np.asarray(captioned(panels, shown)) for panels in moving)
        write_video(mp4, frames, self.fps)
        media = ClipMedia(
            middle,
            crop,
            self.fps,
            mp4,
            stills={version: self.folder / png.stem / f"{version}.png" for version in clips},
            moving={version: self.folder / png.stem / f"{version}.webp" for version in clips},
        )
        for version, clip in clips.items():
            self._write_alone(clip, media, version)
        return media

    def _write_alone(self, clip: np.ndarray, media: ClipMedia, version: str) -> None:
        with whole_file(media.stills[version]) as part:
            Image.fromarray(clip[media.frame]).save(part, "PNG", compress_level=1)
        start = max(0, min(media.frame - MOVING_FRAMES // 2, len(clip) - MOVING_FRAMES))
        moving = [cropped(frame, media.crop) for frame in clip[start : start + MOVING_FRAMES]]
        write_webp(media.moving[version], moving, self.fps)

    def paths(self, name: str) -> tuple[Path, Path]:
        """Where picture and video of the clip ``name`` are; each evaluation of the clip writes them anew."""
        stem = flat = name.replace("/", "_")
        number = 1
        while self._names.setdefault(stem, name) != name:  # a/b is not a_b
            number += 1
            stem = f"{flat}-{number}"
        return self.folder / f"{stem}.png", self.folder / f"{stem}.mp4"


def to_uint8(clip: Tensor) -> np.ndarray:
    """``(T, 3, H, W)`` float in [0, 1] to ``(T, H, W, 3)`` uint8."""
    return (clip.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def strip(panels: Sequence[np.ndarray], names: Sequence[str], crop: tuple[int, int, int]) -> Image.Image:
    """The panels side by side with captions, and below them the ``crop`` of each, enlarged.

    Small frames are enlarged to about 400 px each. Nothing is smoothed: every pixel stays a square.
    """
    factor = max(1, PANEL_WIDTH // panels[0].shape[1])
    whole = captioned([np.asarray(_enlarged(panel, factor)) for panel in panels], names)
    width = whole.width // len(panels)
    crops = [_enlarged(cropped(panel, crop), max(1, width // crop[2])) for panel in panels]
    picture = Image.new("RGB", (whole.width, whole.height + crops[0].height), "white")
    picture.paste(whole, (0, 0))
    for index, part in enumerate(crops):
        picture.paste(part, (index * width + (width - part.width) // 2, whole.height))
    return picture


def captioned(panels: Sequence[np.ndarray], names: Sequence[str]) -> Image.Image:
    """``(H, W, 3)`` uint8 panels side by side under a bar that names them."""
    picture = Image.new("RGB", (sum(panel.shape[1] for panel in panels), panels[0].shape[0] + BAR), "black")
    draw, left = ImageDraw.Draw(picture), 0
    for name, panel in zip(names, panels, strict=True):
        draw.text((left + 6, 3), name, fill="white", font=ImageFont.load_default(14))
        picture.paste(Image.fromarray(panel), (left, BAR))
        left += panel.shape[1]
    return picture


def write_video(path: Path, frames: Iterable[np.ndarray], fps: int) -> None:
    """Encode ``(H, W, 3)`` uint8 frames as H.264; the file appears under ``path`` only once it is whole."""
    with whole_file(path) as part, av.open(str(part), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "16"})
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(frames):
            if number == 0:
                stream.height, stream.width = (side - side % 2 for side in frame.shape[:2])  # 4:2:0 needs even sides
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            for packet in stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def hardest_part(bicubic: np.ndarray, hr: np.ndarray) -> tuple[int, int, int]:
    """Top, left and side of the square, a third of the frame at most, in which bicubic and HR differ most."""
    difference = np.abs(bicubic.astype(np.float32) - hr.astype(np.float32)).mean(axis=2)
    side = min(max(16, min(difference.shape) // 3), LARGEST_CROP, *difference.shape)
    step = max(1, side // 4)
    places = [
        (top, left)
        for top in range(0, difference.shape[0] - side + 1, step)
        for left in range(0, difference.shape[1] - side + 1, step)
    ]
    top, left = max(
        places, key=lambda place: difference[place[0] : place[0] + side, place[1] : place[1] + side].mean()
    )
    return top, left, side


def cropped(frame: np.ndarray, crop: tuple[int, int, int]) -> np.ndarray:
    """The square ``crop`` (top, left, side) of ``frame``."""
    top, left, side = crop
    return frame[top : top + side, left : left + side]


def _side_by_side(versions: Sequence[str]) -> list[str]:
    """Bicubic, HR and, of the generators between them, as many as there is room for, in even steps."""
    first, *between, last = versions
    room = MOST_PANELS - 2
    if len(between) > room:
        between = [between[round(place * (len(between) - 1) / (room - 1))] for place in range(room)]
    return [first, *between, last]


def _enlarged(panel: np.ndarray, factor: int) -> Image.Image:
    height, width = panel.shape[:2]
    return Image.fromarray(panel).resize((width * factor, height * factor), Image.Resampling.NEAREST)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
