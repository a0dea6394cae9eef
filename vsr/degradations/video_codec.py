"""A clip through a video encoder and back, in memory, on the CPU."""

import os
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace

RATE = 25  # frames a second: with the bit rate it says how many bits a frame may cost
_MIN_SIDE = 64  # smallest that every encoder takes


@dataclass(frozen=True)
class VideoCodec:
    """Names of the build's encoder and decoder, and the encoder's own options.

    One thread each, and options that give the same bits for the same clip every time.
    """

    encoder: str
    decoder: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def available(self) -> bool:
        """Whether this build of PyAV has both."""
        return {self.encoder, self.decoder} <= av.codecs_available


CODECS = {
    # Otherwise some of x264's fast code gives bits that depend on what the memory held before.
    "h264": VideoCodec("libx264", "h264", {"preset": "veryfast", "x264-params": "cpu-independent=1"}),
    "mpeg4": VideoCodec("mpeg4", "mpeg4"),
    # Slower presets of x265 give other bits from one call to the next, on one thread too.
    "hevc": VideoCodec(
        "libx265", "hevc", {"preset": "ultrafast", "x265-params": "pools=none:frame-threads=1:log-level=none"}
    ),
    "av1": VideoCodec("libsvtav1", "libdav1d", {"preset": "9", "svtav1-params": "lp=1"}),
}


class CodecError(RuntimeError):
    """An encoder or decoder gave up, or lost frames."""


def through_codec(frames: np.ndarray, codec: VideoCodec, bits_per_pixel: float) -> np.ndarray:
    """Encode at an average bit rate as BT.601 YCbCr 4:2:0 of limited range, decode: (T, H, W, 3) uint8 -> the same.

    Frames are enlarged by their last row and column to even sides of at least 64 and cut again.

    Raises:
        CodecError: not as many frames came back, or the libraries report an error.
    """
    T, H, W, _ = frames.shape
    bottom, right = (max(_MIN_SIDE, side + side % 2) - side for side in (H, W))
    padded = np.pad(frames, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
    try:
        result = _decoded(_encoded(padded, codec, bits_per_pixel), codec)
    except av.FFmpegError as error:
        raise CodecError(f"{codec.encoder}: {error}") from error
    if len(result) != T:
        raise CodecError(f"{codec.encoder}: {len(result)} of {T} frames came back")
    return np.stack(result)[:, :H, :W]


def _encoded(frames: np.ndarray, codec: VideoCodec, bits_per_pixel: float) -> list[av.Packet]:
    os.environ.setdefault("SVT_LOG", "1")  # errors only: SVT-AV1 writes its banner to stderr, once a clip
    height, width = frames.shape[1:3]
    encoder = cast(VideoCodecContext, av.CodecContext.create(codec.encoder, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(RATE), Fraction(1, RATE)
    encoder.bit_rate = round(bits_per_pixel * height * width * RATE)
    encoder.bit_rate_tolerance = encoder.bit_rate  # mpeg4 refuses a rate far below its default tolerance
    encoder.thread_count = 1
    encoder.options = codec.options
    packets = []
    for number, frame in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        picture.pts, picture.time_base = number, Fraction(1, RATE)
        packets += encoder.encode(picture)
    return packets + encoder.encode(None)


def _decoded(packets: list[av.Packet], codec: VideoCodec) -> list[np.ndarray]:
    decoder = cast(VideoCodecContext, av.CodecContext.create(codec.decoder, "r"))
    decoder.thread_count = 1
    pictures = [picture for packet in packets for picture in decoder.decode(packet)] + decoder.decode(None)
    return [
        picture.reformat(
            format="rgb24",
            src_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
        ).to_ndarray()
        for picture in pictures
    ]
