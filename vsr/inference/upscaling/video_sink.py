"""A video file that has its name only once it is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av

from vsr.errors import UserError
from vsr.inference.upscaling.codecs import CONTAINERS, MP4, Codec
from vsr.inference.upscaling.colour import Converter
from vsr.inference.upscaling.failures import is_of_the_disk, nameless, refusal
from vsr.inference.upscaling.frame import About, Frame
from vsr.inference.upscaling.sound import Sound
from vsr.whole_file import publish, scratch_beside


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
        self._path, self._codec, self._count = path, codec, 0
        self._failed = self._flushed = self._closed = False
        self._part = scratch_beside(path)
        self._base, self._end, self._last = about.time_base, 0, 0
        self._colour = about.colour if codec.has_full_range else replace(about.colour, full_range=False)
        self._converter = Converter(self._colour)
        self._durations: dict[int, int] = {}
        try:
            with self._refusing_failures():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._container = av.open(str(self._part), "w", format=CONTAINERS[path.suffix.lower()])
                self._stream = self._new_stream(about, crf)
                self._sound = Sound(about.sound, about.clock, self._container) if about.sound else None
        except UserError:
            self._discard()
            raise

    def write(self, frame: Frame) -> None:
        """See `Sink.write`."""
        picture = frame.picture[: self._stream.height, : self._stream.width]
        coded = self._converter.from_rgb(picture, self._codec.pixels)
        coded.pts, coded.time_base = frame.time, self._base
        self._durations[frame.time] = frame.duration
        with self._refusing_failures():
            if self._sound:
                self._sound.until(float(frame.time * self._base))
            self._mux(self._stream.encode(coded))
        self._end, self._last, self._count = frame.time + frame.duration, frame.duration, self._count + 1

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
            self._discard()
            return None
        try:
            self._close(float(self._end * self._base))
        except UserError:
            self._discard()  # it would not play
            raise
        partial = self.partial(self._path)
        try:
            publish(self._part, partial)
        except OSError as error:
            raise nameless(self._part, partial, error) from error
        return partial

    @staticmethod
    def partial(path: Path) -> Path:
        """Where the file ``path`` stands if it ends early."""
        return path.with_name(f"{path.stem}.partial{path.suffix}")

    def _close(self, sound_until: float) -> None:
        if self._closed:
            return
        with self._refusing_failures():
            if not self._flushed:
                self._flushed = True  # an encoder that has been told of the end does not hear of it twice
                self._flush()
            if self._sound:
                self._sound.until(sound_until)
                self._sound.finish()
            self._container.close()
        self._closed = True

    def _flush(self) -> None:
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
        try:
            context.open()  # now, rather than at the first frame that has been upscaled
        except av.FFmpegError as error:
            raise UserError(
                f"{self._path}: {self._codec.encoder} does not encode {context.width}x{context.height} pixels "
                f"({error.strerror}). Choose another codec, or a folder of PNG frames."
            ) from error
        return stream

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _refusing_failures(self) -> Iterator[None]:
        """What fails inside, as one `UserError`; where it was the disk, nothing is left."""
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            if is_of_the_disk(error):
                self._failed = True
                self._discard()
            raise refusal(self._path, error) from error
