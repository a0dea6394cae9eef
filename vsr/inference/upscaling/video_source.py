"""A video file, decoded forwards, a frame at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

from vsr.data.broken import BrokenFileError
from vsr.data.files.pyav_reader import picture_stream
from vsr.data.files.video_examination import broken_if_unreadable
from vsr.inference.upscaling.clock import BACK, Clock
from vsr.inference.upscaling.colour import Colour, Converter
from vsr.inference.upscaling.frame import About, Frame

log = logging.getLogger(__name__)

_ENDS_EARLY = 1.0  # seconds by which a container may overstate its length


class VideoSource:
    """What a player shows of a file: turned as it says, in RGB by its colour matrix and range, at its own times.

    A damaged place costs the frames that cannot be decoded, as in a player; how many is said at the end.

    Args:
        path: the file.

    Raises:
        BrokenFileError: it cannot be opened, or no frame of it can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.name = path, str(path)
        with broken_if_unreadable(path), av.open(self.name) as container:
            stream = picture_stream(container)
            first = next(_decoded(container, stream, []), None)
            if first is None:
                raise BrokenFileError(f"Video '{path}' holds no frame that can be decoded. Replace it.", self.name)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            self._seconds = seconds or (container.duration or 0) / 1e6
            self.expected: int | None = stream.frames or round(self._seconds * float(rate)) or None
            colour, self._quarters = Colour.of(first, stream.codec_context), round(first.rotation / 90) % 4
            self._converter = Converter(colour)
            aspect = stream.sample_aspect_ratio or Fraction(1)
            if self._quarters % 2:
                aspect = 1 / aspect
            # Times count from where the file begins, be it with a picture or with sound.
            self._clock = Clock(Fraction(min(container.start_time or 0, _microseconds(first)), 1_000_000))
            self.about = About(
                size=self._displayed(first).shape[:2],
                time_base=Fraction(stream.time_base or 1 / rate),
                rate=Fraction(rate),
                colour=colour,
                aspect=aspect,
                sound=path if container.streams.audio else None,
                clock=self._clock,
            )
            self._say_what_is_lost(container, first)

    def frames(self) -> Iterator[Frame]:
        """See `Source.frames`."""
        lost: list[int] = []
        base = self.about.time_base
        step = max(1, round(1 / self.about.rate / base))
        previous, count = -step, 0
        with broken_if_unreadable(self._path), av.open(self.name) as container:
            for frame in _decoded(container, picture_stream(container), lost):
                picture = self._displayed(frame)
                if picture.shape[:2] != self.about.size:
                    raise BrokenFileError(
                        f"Video '{self.name}' changes its size at frame {count}. Cut it in two there.", self.name
                    )
                time = self._time(frame, previous, step)
                yield Frame(picture, time, int(frame.duration or 0) or step)
                previous, count = time, count + 1
        self._say_what_was_lost(len(lost), float((previous + step) * base))

    def _time(self, frame: av.VideoFrame, previous: int, step: int) -> int:
        """When ``frame`` is shown: even where its time is missing or goes back, after the ``previous`` one."""
        if frame.pts is None:
            return previous + step
        base, clock = self.about.time_base, self._clock
        late = (previous + step) * base - (frame.pts * base + clock.shift(clock.settings))
        if late > BACK + step * base:
            clock.set_back(late)
            log.warning(
                f"{self.name}: its clock goes back by {float(late):.1f} s at {float(previous * base):.1f} s; "
                "what follows is joined on"
            )
        return max(frame.pts + round(clock.shift(clock.settings) / base), previous + 1)

    def _displayed(self, frame: av.VideoFrame) -> np.ndarray:
        return np.rot90(self._converter.to_rgb(frame), self._quarters)

    def _say_what_is_lost(self, container: InputContainer, first: av.VideoFrame) -> None:
        deep = max(component.bits for component in first.format.components)
        if deep > 8:
            log.warning(f"{self.name}: its {deep} bits are rounded to 8")
        if first.interlaced_frame:
            log.warning(f"{self.name}: interlaced; take the lines apart first, or combs are upscaled with the picture")
        others = len(container.streams.video) - 1 + len(container.streams.subtitles)
        if others:
            log.warning(f"{self.name}: {others} other streams of pictures or subtitles are left out")

    def _say_what_was_lost(self, packets: int, seconds: float) -> None:
        if packets:
            log.warning(f"{self.name}: damaged, {packets} packets could not be decoded and are left out")
        if seconds < self._seconds - _ENDS_EARLY:
            log.warning(f"{self.name}: cut off, it ends at {seconds:.1f} s of {self._seconds:.1f} s")


def _microseconds(frame: av.VideoFrame) -> int:
    return round((frame.pts or 0) * (frame.time_base or 0) * 1_000_000)


def _decoded(container: InputContainer, stream: av.VideoStream, lost: list[int]) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded; ``lost`` takes the numbers of the packets that cannot."""
    stream.thread_type = "AUTO"
    begun = False
    for number, packet in enumerate(_packets(container, stream)):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            if begun:  # a file may begin amid frames whose key frame is missing
                lost.append(number)
            continue
        begun = begun or bool(frames)
        yield from frames


def _packets(container: InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Up to the end, or to where the file breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return
