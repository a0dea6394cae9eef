"""Clips as a generator sees them, drawn: LR, enlarged by repeating its pixels, beside HR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from vsr.inference.media import captioned, to_uint8

NARROW, WIDE = 256, 512  # panels below are enlarged by whole factors, of those above the sheet shows the middle; px
MOST_FRAMES = 60  # of a clip in the video
TITLE = 26  # height of a clip's title, px


@dataclass(frozen=True)
class SeenClip:
    """LR ``(T, 3, h, w)`` and HR ``(T, 3, H, W)`` in [0, 1] of the clip ``name``; ``about``: what of it they are."""

    name: str
    about: str
    lr: Tensor
    hr: Tensor


def contact_sheet(clips: Sequence[SeenClip]) -> Image.Image:
    """A row a clip: its first, middle and last frame."""
    rows = [_titled(_row(clip), f"{clip.name}   {clip.about}") for clip in clips]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def video_frames(clips: Sequence[SeenClip]) -> list[np.ndarray]:
    """The clips one after another, whole frames, all of the size of the largest: (H, W, 3) uint8 each."""
    pictures = [
        _titled(captioned(list(pair), ("LR", "HR")), f"{clip.name}   {clip.about}")
        for clip in clips
        for pair in zip(*(panels[:MOST_FRAMES] for panels in _panels(clip)), strict=True)
    ]
    width, height = max(picture.width for picture in pictures), max(picture.height for picture in pictures)
    return [np.asarray(picture.crop((0, 0, width, height))) for picture in pictures]


def _row(clip: SeenClip) -> Image.Image:
    last = len(clip.hr) - 1
    shown = sorted({0, last // 2, last})
    lr, hr = ([_middle(panels[number]) for number in shown] for panels in _panels(clip))
    panels = [panel for pair in zip(lr, hr, strict=True) for panel in pair]
    return captioned(panels, [f"{kind} {number + 1}/{last + 1}" for number in shown for kind in ("LR", "HR")])


def _panels(clip: SeenClip) -> tuple[np.ndarray, np.ndarray]:
    """LR and HR, (T, H, W, 3) uint8 of one size."""
    factor = max(1, NARROW // clip.hr.shape[-1])
    scale = clip.hr.shape[-1] // clip.lr.shape[-1]
    return _enlarged(to_uint8(clip.lr), factor * scale), _enlarged(to_uint8(clip.hr), factor)


def _enlarged(frames: np.ndarray, factor: int) -> np.ndarray:
    return frames.repeat(factor, axis=1).repeat(factor, axis=2)


def _middle(panel: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - WIDE) // 2) for side in panel.shape[:2])
    return panel[top : top + WIDE, left : left + WIDE]


def _titled(picture: Image.Image, title: str) -> Image.Image:
    font = ImageFont.load_default(15)
    draw = ImageDraw.Draw(picture)
    while draw.textlength(title, font) > picture.width - 12:
        title = title[:-2].rstrip(" …") + "…"
    result = Image.new("RGB", (picture.width, picture.height + TITLE), "black")
    result.paste(picture, (0, TITLE))
    ImageDraw.Draw(result).text((6, 4), title, fill="yellow", font=font)
    return result
