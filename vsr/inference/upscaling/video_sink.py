"""A video file that has its name only once it is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av

from vsr.inference.upscaling.codecs import CONTAINERS, MP4, Codec
from vsr.inference.upscaling.frame import About, Frame
from vsr.inference.upscaling.sound import Sound
from vsr.whole_file import not_written, publish, scratch_beside


class VideoSink:
    """Encodes frames at their times, with the sound that belongs to them.

    Args:
        path: the file.
        about: the video that it becomes. Where the codec halves the resolution of colour, an odd last row or column is
            left out.
        codec: of the pictures.
        crf: its rate factor, None for its own.

    Raises:
        UserError: it cannot be written there.
    """

    def __init__(self, path: Path, about: About, codec: Codec, crf: int | None = None) -> None:
        self._path, self._codec, self._count, self._failed = path, codec, 0, False
        self._part = scratch_beside(path)
        self._base, self._end, self._last = about.time_base, 0, 0
        self._colour = about.colour if codec.has_full_range else replace(about.colour, full_range=False)
        self._durations: dict[int, int] = {}
        with self._refusing_failures():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w", format=CONTAINERS[path.suffix.lower()])
            self._stream = self._new_stream(about, crf)
            self._sound = Sound(about.sound, about.start, self._container) if about.sound else None

    def write(self, frame: Frame) -> None:
        """See `Sink.write`."""
        coded = self._colour.from_rgb(frame.picture[: self._stream.height, : self._stream.width], self._codec.pixels)
        coded.pts, coded.time_base = frame.time, self._base
        self._durations[frame.time] = frame.duration
        self._end, self._last, self._count = frame.time + frame.duration, frame.duration, self._count + 1
        with self._refusing_failures():
            if self._sound:
                self._sound.until(float(frame.time * self._base))
            self._mux(self._stream.encode(coded))

    def finish(self) -> None:
        """See `Sink.finish`."""
        self._close(float("inf"))
        with self._refusing_failures():
            publish(self._part, self._path)

    def stop(self) -> Path | None:
        """See `Sink.stop`."""
        if self._failed:
            return None
        if not self._count:
            self._part.unlink(missing_ok=True)
            return None
        self._close(float(self._end * self._base))
        partial = self._path.with_name(f"{self._path.stem}.partial{self._path.suffix}")
        with self._refusing_failures():
            publish(self._part, partial)
        return partial

    def _close(self, sound_until: float) -> None:
        with self._refusing_failures():
            rest = self._stream.encode(None)
            if rest and self._container.format.name in MP4:
                # Ends so long after the packet coded last, which need not be the one shown last.
                self._durations[rest[-1].pts or 0] = self._last
            if self._count <= 2:
                # x265 reads the delay of its B-frames from the third frame: until then its decoding times are whatever
                # was in memory. So few frames are coded in the order in which they are shown.
                for packet in rest:
                    packet.dts = packet.pts
            self._mux(rest)
            if self._sound:
                self._sound.until(sound_until)
                self._sound.finish()
            self._container.close()

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            # Not every encoder hands it on.
            if packet.pts in self._durations:
                packet.duration = self._durations.pop(packet.pts)
            self._container.mux(packet)

    def _new_stream(self, about: About, crf: int | None) -> av.VideoStream:
        stream = self._container.add_stream(self._codec.encoder, rate=about.rate, options=self._codec.settings(crf))
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.pix_fmt = self._codec.pixels
        context.height, context.width = (
            side - side % multiple for side, multiple in zip(about.size, self._codec.multiple, strict=True)
        )
        context.time_base = stream.time_base = about.time_base
        context.sample_aspect_ratio = about.aspect
        if self._codec.tag and self._container.format.name in MP4:
            context.codec_tag = self._codec.tag
        self._colour.tag(context)
        return stream

    @contextlib.contextmanager
    def _refusing_failures(self) -> Iterator[None]:
        """What fails inside, as one `UserError`; nothing is left then."""
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            self._failed = True
            with contextlib.suppress(OSError):
                self._part.unlink()
            raise not_written(self._path, error, "Make room, or choose another place") from error
