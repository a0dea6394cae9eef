"""Frames of a video by number, decoded by PyAV: exact wherever frames have times, and slower than decord."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from vsr.data.clip import Window
from vsr.data.files.unreadable_now import passing_reason
from vsr.data.files.video_facts import DecodeError, VideoFacts


class PyAVReader:
    """Decodes forwards from the key frame before a wanted frame, and knows a frame by its time. A frame that is
    predicted from a damaged one is damaged.

    Args:
        path: the file.
        facts: of the file. Without times, frames are counted from its beginning.

    Raises:
        DecodeError: it cannot be opened.
        OSError, MemoryError: the machine does not let it be, at present.
    """

    def __init__(self, path: Path, facts: VideoFacts) -> None:
        self._path, self._size = path, facts.size
        self._times, self._keys = facts.frame_times, facts.key_frames
        self._next = 0  # the frame that comes next
        self._to_rgb = VideoReformatter()
        self._open = ExitStack()
        self._rewind()

    def __del__(self) -> None:
        self._open.close()  # PyAV's containers are in a cycle, so that without this they stay open for long

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
            if frame is not None:
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
        self._start_at(start)

    def _rewind(self) -> None:
        opened = ExitStack()
        try:
            container = opened.enter_context(av.open(str(self._path)))
            stream = picture_stream(container)
        except Exception as error:  # of a damaged file PyAV raises more than its own errors
            opened.close()
            if passing_reason(error):
                raise
            raise DecodeError(str(error)) from error
        self._open.close()
        self._open, self._container, self._stream = opened, container, stream
        self._stream.codec_context.thread_count = 1  # the workers are the parallelism
        self._may_skip = self._stream.codec_context.codec.canonical_name in SKIPPING
        self._start_at(0)

    def _start_at(self, start: int) -> None:
        self._skip = _Skip()
        self._frames = _decoded(self._container, self._stream, self._skip)
        self._next = self._start = start
        self._damaged = start > 0  # until the key frame is there

    def _forward_to(self, index: int) -> av.VideoFrame | None:
        """Decode up to frame ``index``; None if it does not come out."""
        self._skip.before = int(self._times[index]) if len(self._times) and self._may_skip else None
        try:
            for frame in self._frames:
                number = self._number(frame)
                self._next = number + 1
                if number >= self._start:  # those shown before it may lack what they are predicted from
                    self._damaged = frame.is_corrupt or (self._damaged and not frame.key_frame)
                if number >= index:
                    return frame if number == index and not self._damaged else None
        except av.FFmpegError as error:
            if passing_reason(error):
                raise
        self._next = _NOWHERE
        return None

    def _number(self, frame: av.VideoFrame) -> int:
        if not len(self._times):
            return self._next
        number = int(np.searchsorted(self._times, frame.pts)) if frame.pts is not None else len(self._times)
        known = number < len(self._times) and self._times[number] == frame.pts
        return number if known else _NOWHERE


_NOWHERE = 2**62  # after every frame
# Codecs in which a frame that is said not to be referred to is needed by no other frame. HEVC's may be.
SKIPPING = ("h264", "mpeg4")


@dataclass
class _Skip:
    """Frames that need not come out: those at times ``before`` which no other frame needs."""

    before: int | None = None


def _decoded(container: av.container.InputContainer, stream: av.VideoStream, skip: _Skip) -> Iterator[av.VideoFrame]:
    started, context = False, stream.codec_context
    for packet in container.demux(stream):
        early = skip.before is not None and packet.pts is not None and packet.pts < skip.before
        context.skip_frame = "NONREF" if early else "DEFAULT"
        try:
            frames = packet.decode()
        except av.FFmpegError:
            if started:
                raise
            continue  # a file may begin, and a seek may end, amid frames whose key frame is missing
        started = started or bool(frames)
        yield from frames


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
