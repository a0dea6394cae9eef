"""Side-by-side pictures and videos: bicubic | SR | HR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from vsr.whole_file import whole_file

BAR = 22  # height of the caption bar, px
PANEL_WIDTH = 400  # to which small frames are enlarged, px


class MediaFolder:
    """Writes ``NAME.png`` (one frame, whole and enlarged) and ``NAME.mp4`` of each clip into a folder.

    Args:
        folder: made, if missing, when the first clip is written.
        fps: of the videos.
        max_frames: longest video, in frames.
    """

    def __init__(self, folder: Path, fps: int = 25, max_frames: int = 100) -> None:
        self.folder = folder
        self.fps = fps
        self.max_frames = max_frames

    def write(self, name: str, versions: Mapping[str, np.ndarray]) -> None:
        """Show versions of a clip by name, each ``(T, H, W, 3)`` uint8, side by side: bicubic first, HR last."""
        png, mp4 = self.paths(name)
        clips = [clip[: self.max_frames] for clip in versions.values()]
        middle = len(clips[0]) // 2
        picture = strip([clip[middle] for clip in clips], list(versions))
        with whole_file(png) as part:
            picture.save(part, "PNG")
        frames = (np.asarray(captioned(panels, list(versions))) for panels in zip(*clips, strict=True))
        write_video(mp4, frames, self.fps)

    def paths(self, name: str) -> tuple[Path, Path]:
        """Where picture and video of the clip ``name`` are; each evaluation of the clip writes them anew."""
        stem = name.replace("/", "_")
        return self.folder / f"{stem}.png", self.folder / f"{stem}.mp4"


def to_uint8(clip: Tensor) -> np.ndarray:
    """``(T, 3, H, W)`` float in [0, 1] to ``(T, H, W, 3)`` uint8."""
    return (clip.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def strip(panels: Sequence[np.ndarray], names: Sequence[str]) -> Image.Image:
    """The panels side by side with captions, and below them the part of each that the first loses most of, enlarged.

    Small frames are enlarged to about 400 px each. Nothing is smoothed: every pixel stays a square.
    """
    factor = max(1, PANEL_WIDTH // panels[0].shape[1])
    whole = captioned([np.asarray(_enlarged(panel, factor)) for panel in panels], names)
    width = whole.width // len(panels)
    top, left, side = _hardest_part(panels[0], panels[-1])
    crops = [_enlarged(panel[top : top + side, left : left + side], max(1, width // side)) for panel in panels]
    picture = Image.new("RGB", (whole.width, whole.height + crops[0].height), "white")
    picture.paste(whole, (0, 0))
    for index, crop in enumerate(crops):
        picture.paste(crop, (index * width + (width - crop.width) // 2, whole.height))
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


def _enlarged(panel: np.ndarray, factor: int) -> Image.Image:
    height, width = panel.shape[:2]
    return Image.fromarray(panel).resize((width * factor, height * factor), Image.Resampling.NEAREST)


def _hardest_part(bicubic: np.ndarray, hr: np.ndarray) -> tuple[int, int, int]:
    """Top, left and side of the square, a third of the frame, in which bicubic and HR differ most."""
    difference = np.abs(bicubic.astype(np.float32) - hr.astype(np.float32)).mean(axis=2)
    side = min(max(16, min(difference.shape) // 3), *difference.shape)
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
