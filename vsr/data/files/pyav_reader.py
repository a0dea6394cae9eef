"""Frames of a video by number, decoded by PyAV: exact wherever frames have times, and slower than decord."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from vsr.data.clip import Window
from vsr.data.files.video_facts import DecodeError, VideoFacts


class PyAVReader:
    """Decodes forwards from the key frame before a wanted frame, and knows a frame by its time.

    Args:
        path: the file.
        facts: of the file. Without times, frames are counted from its beginning.

    Raises:
        DecodeError: it cannot be opened.
    """

    def __init__(self, path: Path, facts: VideoFacts) -> None:
        self._path, self._size = path, facts.size
        self._times, self._keys = facts.frame_times, facts.key_frames
        self._next = 0  # the frame that comes next
        self._to_rgb = VideoReformatter()
        self._wanted_from: int | None = None  # time before which frames need not come out
        self._rewind()

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`. No more than one whole decoded frame is held at a time.

        Raises:
            DecodeError: one of them does not come out whole.
        """
        area = window or Window(0, 0, *self._size)
        frames = np.empty((len(indices), area.height, area.width, 3), np.uint8)
        for index in sorted(set(indices)):
            picture = displayed(self._frame(index), self._to_rgb)
            if picture.shape[:2] != self._size:
                raise DecodeError(f"frame {index} is {picture.shape[1]}x{picture.shape[0]}")
            frames[[place for place, wanted in enumerate(indices) if wanted == index]] = area.of(picture)
        return frames

    def _frame(self, index: int) -> av.VideoFrame:
        for start in self._starts(index):
            self._go_to(start)
            frame = self._forward_to(index)
            if frame is not None and not frame.is_corrupt:
                return frame
        raise DecodeError(f"frame {index} cannot be decoded")

    def _starts(self, index: int) -> Iterator[int]:
        """Frames to start decoding from until one way leads to ``index``: the next one, unless there is a key frame
        on the way; that key frame; the one before it, as containers seek by decoding times; the beginning."""
        place = int(np.searchsorted(self._keys, index, side="right")) - 1
        keys = self._keys[max(place - 1, 0) : place + 1][::-1].tolist() if len(self._times) else []
        if self._next <= index and not (keys and keys[0] > self._next):
            yield self._next
        yield from keys
        yield 0

    def _go_to(self, start: int) -> None:
        if start == self._next:
            return
        if start == 0:
            self._rewind()
            return
        try:
            self._container.seek(int(self._times[start]), stream=self._stream)
        except av.FFmpegError:
            self._rewind()
            return
        self._frames, self._next = self._decoded(), start

    def _rewind(self) -> None:
        try:
            self._container = av.open(str(self._path))
            self._stream = picture_stream(self._container)
        except Exception as error:  # of a damaged file PyAV raises more than its own errors
            raise DecodeError(str(error)) from error
        self._stream.codec_context.thread_count = 1  # the workers are the parallelism
        self._may_skip = self._stream.codec_context.codec.canonical_name in SKIPPING
        self._frames, self._next = self._decoded(), 0

    def _forward_to(self, index: int) -> av.VideoFrame | None:
        """Decode up to frame ``index``; None if it does not come out."""
        self._wanted_from = int(self._times[index]) if len(self._times) and self._may_skip else None
        try:
            for frame in self._frames:
                number = self._number(frame)
                self._next = number + 1
                if number >= index:
                    return frame if number == index else None
        except av.FFmpegError:
            pass
        self._next = _NOWHERE
        return None

    def _decoded(self) -> Iterator[av.VideoFrame]:
        started, context = False, self._stream.codec_context
        for packet in self._container.demux(self._stream):
            early = self._wanted_from is not None and packet.pts is not None and packet.pts < self._wanted_from
            context.skip_frame = "NONREF" if early else "DEFAULT"
            try:
                frames = packet.decode()
            except av.FFmpegError:
                if started:
                    raise
                continue  # a file may begin, and a seek may end, amid frames whose key frame is missing
            started = started or bool(frames)
            yield from frames

    def _number(self, frame: av.VideoFrame) -> int:
        if not len(self._times):
            return self._next
        number = int(np.searchsorted(self._times, frame.pts)) if frame.pts is not None else len(self._times)
        known = number < len(self._times) and self._times[number] == frame.pts
        return number if known else _NOWHERE


_NOWHERE = 2**62  # after every frame
# Codecs in which a frame that is said not to be referred to is needed by no other frame. HEVC's may be.
SKIPPING = ("h264", "mpeg4")


def picture_stream(container: av.container.InputContainer) -> av.VideoStream:
    """The first video stream that is no cover picture.

    Raises:
        LookupError: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise LookupError("it has no video stream")


def displayed(frame: av.VideoFrame, to_rgb: VideoReformatter) -> np.ndarray:
    """(H, W, 3) uint8 RGB as a player shows it: by the file's colour matrix and range, turned by its rotation.

    Args:
        frame: of a decoder.
        to_rgb: keeps what preparing a conversion costs from one frame to the next: half of the time.
    """
    return np.rot90(to_rgb.reformat(frame, format="rgb24").to_ndarray(), round(frame.rotation / 90))
