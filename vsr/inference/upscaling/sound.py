"""The sound of a file, beside other pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from vsr.inference.upscaling.clock import BACK, Clock
from vsr.inference.upscaling.failures import is_of_the_disk
from vsr.inference.upscaling.sound_stream import CopiedSound, EncodedSound

log = logging.getLogger(__name__)


class _Heard(NamedTuple):
    """A packet, and how often the clock of its stream had been set back when it came."""

    packet: av.Packet
    settings: int


class Sound:
    """Copies every sound stream of one file into another as it is, or encodes it anew where the container does not
    take it. What cannot be written is left out, which is said once a stream. Holds one packet at most.

    Args:
        path: where the sound is.
        clock: of the pictures that it belongs to.
        into: where it goes.
    """

    def __init__(self, path: Path, clock: Clock, into: OutputContainer) -> None:
        self._clock, self._into = clock, into
        self._from = av.open(str(path))
        self._unfit: set[int] = set()  # streams of which something has been left out
        streams = {stream.index: self._stream(stream) for stream in self._from.streams.audio}
        self._streams = {index: stream for index, stream in streams.items() if stream}
        self._packets = self._read()
        self._next = next(self._packets, None)

    def until(self, seconds: float) -> None:
        """Write what is heard before ``seconds``.

        Raises:
            av.FFmpegError: the disk is full or fails.
        """
        while self._next is not None and self._is_heard_before(seconds, self._next):
            packet = self._shifted(self._next)
            stream = self._streams[packet.stream.index]
            self._try(packet.stream.index, lambda: stream.write(packet))  # noqa: B023  (called at once)
            self._next = next(self._packets, None)

    def finish(self) -> None:
        """End the streams, wherever they are, and close the file.

        Raises:
            av.FFmpegError: the disk is full or fails.
        """
        for index, stream in self._streams.items():
            self._try(index, stream.finish)
        self._from.close()

    def _stream(self, stream: AudioStream) -> CopiedSound | EncodedSound | None:
        name, container = self._from.name, self._into.format.name
        if stream.codec_context is None:
            log.warning(f"{name}: sound in a codec that FFmpeg does not know is left out")
            return None
        if CopiedSound.fits(stream, container):
            return CopiedSound(stream, self._into)
        codec = stream.codec_context.codec.canonical_name
        if EncodedSound.fits(stream, container):
            log.info(f"{name}: sound in {codec} is encoded anew as {self._into.default_audio_codec}")
            return EncodedSound(stream, self._into)
        log.warning(f"{name}: sound in {codec} is left out, for {container} does not take it")
        return None

    def _read(self) -> Iterator[_Heard]:
        """All packets, in the order of the file; a damaged end is left out."""
        if not self._streams:
            return  # for no stream would mean every one
        last: dict[int, float] = {}
        settings = dict.fromkeys(self._streams, 0)
        try:
            for packet in self._from.demux(*(self._from.streams[index] for index in self._streams)):
                if not packet.size or not packet.time_base:
                    continue
                index = packet.stream.index
                begin = _begin(packet)
                if begin is not None:
                    settings[index] += begin < last.get(index, begin) - BACK
                    last[index] = begin
                yield _Heard(packet, settings[index])
        except av.FFmpegError as error:
            log.warning(f"{self._from.name}: its sound breaks off ({error.strerror})")

    def _is_heard_before(self, seconds: float, heard: _Heard) -> bool:
        """Whether it begins before; of a clock that the pictures have yet to see set back, only at the very end."""
        if heard.settings > self._clock.settings:
            return seconds == float("inf")
        return (_begin(heard.packet) or 0.0) + self._clock.shift(heard.settings) < seconds

    def _shifted(self, heard: _Heard) -> av.Packet:
        packet = heard.packet
        assert packet.time_base is not None
        by = round(self._clock.shift(heard.settings) / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + by
        packet.dts = None if packet.dts is None else packet.dts + by
        return packet

    def _try(self, index: int, write: Callable[[], None]) -> None:
        try:
            write()
        except (av.FFmpegError, ValueError) as error:
            if is_of_the_disk(error):
                raise
            if index not in self._unfit:
                reason = getattr(error, "strerror", None) or error
                log.warning(f"{self._from.name}: part of its sound cannot be written and is left out ({reason})")
            self._unfit.add(index)


def _begin(packet: av.Packet) -> float | None:
    time = packet.pts if packet.pts is not None else packet.dts
    return None if time is None or packet.time_base is None else float(time * packet.time_base)
