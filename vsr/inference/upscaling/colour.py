"""How a video's numbers stand for colours, and the way to RGB and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

# Of ITU-T H.273, as FFmpeg counts them.
RGB, BT709, UNSPECIFIED, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020 = 0, 1, 2, 4, 5, 6, 7, 9

_MATRICES = {
    BT709: Colorspace.ITU709,
    FCC: Colorspace.FCC,
    BT470BG: Colorspace.ITU601,
    SMPTE170M: Colorspace.ITU601,
    SMPTE240M: Colorspace.SMPTE240M,
    BT2020: Colorspace.BT2020,
}
# swscale's: bicubic chroma at full resolution, rounded rather than cut off. Without them a grey drifts by two levels.
_EXACT = 0x4 | 0x2000 | 0x4000 | 0x40000
_ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}  # earlier: always
_SD = (576, 1279)  # greatest height and width that players take for BT.601 where nothing is said


@dataclass(frozen=True)
class Colour:
    """Matrix, range, primaries and transfer of a video, in the numbers of ITU-T H.273."""

    matrix: int = BT709
    full_range: bool = False
    primaries: int = BT709
    transfer: int = BT709

    @classmethod
    def of(cls, frame: av.VideoFrame, context: VideoCodecContext) -> Colour:
        """Of a decoded ``frame``; what it does not say is what players take it for: BT.601 up to 576 lines, BT.709
        above, and studio range. RGB will be coded by BT.709."""
        matrix = int(frame.colorspace)
        if frame.format.is_rgb or matrix == RGB:
            matrix = BT709
        elif matrix not in _MATRICES:
            small = frame.height <= _SD[0] and frame.width <= _SD[1]
            matrix = SMPTE170M if small else BT709
        full_range = int(frame.color_range) == ColorRange.JPEG and not frame.format.is_rgb
        return cls(
            matrix,
            full_range or frame.format.name.startswith("yuvj"),
            int(context.color_primaries),
            int(context.color_trc),
        )

    def tag(self, context: VideoCodecContext) -> None:
        """Let an encoder write down what its numbers mean."""
        is_rgb = av.VideoFormat(context.pix_fmt or "").is_rgb
        colour = replace(self, matrix=RGB, full_range=True) if is_rgb else self
        context.colorspace = colour.matrix
        context.color_range = ColorRange.JPEG if colour.full_range else ColorRange.MPEG
        context.color_primaries = colour.primaries
        context.color_trc = colour.transfer


class Converter:
    """Pictures of one video to RGB or back. It keeps what preparing that costs, and goes in one thread: as many as
    there are processors would be started for every frame.

    Args:
        colour: of the video.
    """

    def __init__(self, colour: Colour) -> None:
        self._matrix = _MATRICES[colour.matrix]
        self._range = ColorRange.JPEG if colour.full_range else ColorRange.MPEG
        self._reformatter = VideoReformatter()

    def to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """``frame`` as (H, W, 3) uint8 RGB; more than 8 bits are rounded to 8, alpha is left out."""
        if frame.format.is_rgb:
            return self._reformatter.reformat(frame, format="rgb24", **_ONE_THREAD).to_ndarray()
        picture = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=self._matrix,
            src_color_range=self._range,
            dst_color_range=ColorRange.JPEG,
            interpolation=_EXACT,
            **_ONE_THREAD,
        )
        return picture.to_ndarray()

    def from_rgb(self, picture: np.ndarray, pixels: str) -> av.VideoFrame:
        """(H, W, 3) uint8 RGB as a frame in the pixel format ``pixels``."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        if av.VideoFormat(pixels).is_rgb:
            return self._reformatter.reformat(frame, format=pixels, **_ONE_THREAD)
        return self._reformatter.reformat(
            frame,
            format=pixels,
            src_color_range=ColorRange.JPEG,
            dst_colorspace=self._matrix,
            dst_color_range=self._range,
            interpolation=_EXACT,
            **_ONE_THREAD,
        )
