"""One stream of sound on its way into another file: copied, or encoded anew."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}  # some files say how many channels, and not which
_GAP = Fraction(1, 50)  # seconds: less is how inexact the times of some formats are


class CopiedSound:
    """Hands packets on as they are.

    Args:
        stream: where they are from.
        into: where they go.
    """

    def __init__(self, stream: AudioStream, into: OutputContainer) -> None:
        self._into, self._stream = into, _add_copy(into, stream)
        self._last: int | None = None  # time of the last packet

    @staticmethod
    def fits(stream: AudioStream, container: str) -> bool:
        """Whether a ``container`` of that format holds the ``stream`` as it is."""
        return _starts(container, lambda into: _add_copy(into, stream))

    def write(self, packet: av.Packet) -> None:
        """Copy ``packet``, unless its time goes back, which no container takes."""
        if packet.dts is not None:
            if self._last is not None and packet.dts <= self._last:
                return
            self._last = packet.dts
        packet.stream = self._stream
        self._into.mux(packet)

    def finish(self) -> None:
        """There is nothing that it holds."""


class EncodedSound:
    """Decodes packets and encodes what is heard, in the codec that the container is used to; gaps become silence.

    Args:
        stream: where they are from.
        into: where they go.
    """

    def __init__(self, stream: AudioStream, into: OutputContainer) -> None:
        self._into, self._stream = into, _add_encoder(into, stream)
        self._rate = stream.codec_context.sample_rate
        self._end: int | None = None  # of the last frame, in samples

    @staticmethod
    def fits(stream: AudioStream, container: str) -> bool:
        """Whether ``stream`` can be encoded for a ``container`` of that format."""
        return _starts(container, lambda into: _add_encoder(into, stream))

    def write(self, packet: av.Packet) -> None:
        """Encode what is in ``packet``.

        Raises:
            ValueError: it has another rate or other channels than the first.
        """
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return  # a damaged place is silent, as in a player
        for frame in frames:
            assert isinstance(frame, av.AudioFrame)
            self._hear(frame)

    def finish(self) -> None:
        """End the stream."""
        self._into.mux(self._stream.encode(None))

    def _hear(self, frame: av.AudioFrame) -> None:
        if frame.sample_rate != self._rate:
            raise ValueError(f"its rate changes from {self._rate} to {frame.sample_rate} Hz")
        begin = self._end if frame.time is None else round(frame.time * self._rate)
        if self._end is None:
            self._end = begin or 0
        elif begin is not None and begin - self._end > _GAP * self._rate:
            for silence in _silence(frame, begin - self._end):
                self._encode(silence)
        self._encode(frame)

    def _encode(self, frame: av.AudioFrame) -> None:
        # One after another, not by its time: of some formats times go back by a little, which no encoder takes.
        assert self._end is not None
        frame.pts, frame.time_base = self._end, Fraction(1, self._rate)
        self._end += frame.samples
        self._into.mux(self._stream.encode(frame))


def _silence(like: av.AudioFrame, samples: int) -> Iterator[av.AudioFrame]:
    """So many samples of it, at most a second at once, in the format of ``like``."""
    while samples > 0:
        frame = av.AudioFrame(like.format.name, like.layout.name, min(samples, like.sample_rate))
        frame.sample_rate = like.sample_rate
        for plane in frame.planes:
            plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
        yield frame
        samples -= frame.samples


def _starts(container: str, add: Callable[[OutputContainer], Any]) -> bool:
    """Whether a file begins well with the stream that ``add`` gives it. Tried, for FFmpeg's lists of codecs promise
    more than it writes: no Opus in a MOV."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            add(trial)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _add_copy(into: OutputContainer, stream: AudioStream) -> AudioStream:
    copy = into.add_stream_from_template(stream)
    channels = stream.codec_context.channels
    if stream.codec_context.layout.name == f"{channels} channels" and channels in _LAYOUTS:
        copy.codec_context.layout = _LAYOUTS[channels]  # an MP4's PCM must say which
    copy.metadata.update(stream.metadata)
    return copy


def _add_encoder(into: OutputContainer, stream: AudioStream) -> AudioStream:
    context = stream.codec_context
    layout = _LAYOUTS.get(context.channels, context.layout.name)
    encoded = into.add_stream(into.default_audio_codec, rate=context.sample_rate, layout=layout)
    assert isinstance(encoded, AudioStream)
    encoded.metadata.update(stream.metadata)
    return encoded
