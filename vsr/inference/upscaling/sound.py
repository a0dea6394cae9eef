"""The sound of a file, beside other pictures."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

log = logging.getLogger(__name__)

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}  # some files say how many channels, and not which


class Sound:
    """Copies every sound stream of one file into another as it is, or encodes it anew where the container does not
    take it. Holds one packet a stream at most.

    Args:
        path: where the sound is.
        start: seconds there at which the pictures' time 0 is.
        into: where it goes.
    """

    def __init__(self, path: Path, start: Fraction, into: OutputContainer) -> None:
        self._start, self._into = start, into
        self._from = av.open(str(path))
        self._streams: dict[int, Any] = {}
        self._copied: set[int] = set()
        self._last: dict[int, int] = {}  # time of the last packet copied, or at which the last frame ended
        for stream in self._from.streams.audio:
            if _takes(into.format.name, stream):
                self._streams[stream.index] = _add_copy(into, stream)
                self._copied.add(stream.index)
            else:
                codec = stream.codec_context.codec.canonical_name
                log.info(f"{path}: sound in {codec} is encoded anew as {into.default_audio_codec}")
                layout = _LAYOUTS.get(stream.codec_context.channels, stream.codec_context.layout.name)
                rate = stream.codec_context.sample_rate
                self._streams[stream.index] = into.add_stream(into.default_audio_codec, rate=rate, layout=layout)
            self._streams[stream.index].metadata.update(stream.metadata)
        self._packets = self._shifted()
        self._next = next(self._packets, None)

    def until(self, seconds: float) -> None:
        """Write what is heard before ``seconds``."""
        while self._next is not None and _begin(self._next) < seconds:
            self._write(self._next)
            self._next = next(self._packets, None)

    def finish(self) -> None:
        """End the streams, wherever they are, and close the file."""
        for index in self._streams.keys() - self._copied:
            self._into.mux(self._streams[index].encode(None))
        self._from.close()

    def _shifted(self) -> Iterator[av.Packet]:
        """All packets, in time with the pictures; a damaged end is left out."""
        try:
            for packet in self._from.demux(*self._from.streams.audio):
                if packet.size and packet.time_base:
                    by = round(self._start / packet.time_base)
                    packet.pts = None if packet.pts is None else packet.pts - by
                    packet.dts = None if packet.dts is None else packet.dts - by
                    yield packet
        except av.FFmpegError as error:
            log.warning(f"{self._from.name}: its sound breaks off ({error.strerror})")

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        if index in self._copied:
            self._copy(packet, index)
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return  # a damaged place is silent, as in a player
        for frame in frames:
            assert isinstance(frame, av.AudioFrame)
            # By the first frame's time alone: of some formats times go back by a little, which no encoder takes.
            begin = self._last.get(index, round((frame.time or 0) * frame.sample_rate))
            frame.pts, frame.time_base = begin, Fraction(1, frame.sample_rate)
            self._last[index] = begin + frame.samples
            self._into.mux(self._streams[index].encode(frame))

    def _copy(self, packet: av.Packet, index: int) -> None:
        if packet.dts is not None:
            if packet.dts <= self._last.get(index, packet.dts - 1):
                return  # no container takes times that go back
            self._last[index] = packet.dts
        packet.stream = self._streams[index]
        self._into.mux(packet)


def _takes(container: str, stream: AudioStream) -> bool:
    """Whether a ``container`` of that format holds the ``stream`` as it is. Tried, for FFmpeg's lists of codecs
    promise more than it writes: no Opus in a MOV."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            _add_copy(trial, stream)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _add_copy(into: OutputContainer, stream: AudioStream) -> AudioStream:
    copy = into.add_stream_from_template(stream)
    channels = stream.codec_context.channels
    if stream.codec_context.layout.name == f"{channels} channels" and channels in _LAYOUTS:
        copy.codec_context.layout = _LAYOUTS[channels]  # an MP4's PCM must say which
    return copy


def _begin(packet: av.Packet) -> float:
    time = packet.pts if packet.pts is not None else packet.dts
    return 0.0 if time is None else float(time * packet.time_base)
