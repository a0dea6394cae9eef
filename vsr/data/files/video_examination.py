"""What a video file holds, found out before training meets it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vsr.data.broken import BrokenFileError
from vsr.data.files.decord_reader import DecordReader
from vsr.data.files.index import StoppedError
from vsr.data.files.pyav_reader import PyAVReader, displayed, picture_stream
from vsr.data.files.scene_cuts import THUMBNAIL, scene_cuts
from vsr.data.files.unreadable_now import UnreadableNowError, passing_reason
from vsr.data.files.video_facts import DecodeError, VideoFacts, packed
from vsr.data.files.video_samples import Samples

OVERSTATED = 1.0  # seconds by which a container may overstate its length
# Where decord finds a frame again from the key frame before it. In MPEG streams and in MPEG-2 it does not.
INDEXED = ("mp4", "matroska", "avi")
CODECS = ("h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg", "png", "ffv1")


class DamageError(Exception):
    """What is wrong with a file, to follow its name, and the remedy."""


def decoded_facts(path: Path, stop: threading.Event | None = None) -> VideoFacts:
    """What a decode of every frame tells: how many there are, where shots begin, that nothing is damaged, and which
    reader gives the same frames.

    Args:
        path: the file.
        stop: when set, `StoppedError` is raised soon.

    Raises:
        BrokenFileError: it cannot be opened, holds no video, is cut off or damaged, or changes its size.
    """
    times: list[int | None] = []
    keys: list[int] = []
    samples = Samples()
    to_thumbnail = VideoReformatter()

    def thumbnails(frames: Iterator[av.VideoFrame]) -> Iterator[np.ndarray]:
        for frame in frames:
            if frame.key_frame:
                keys.append(len(times))
            times.append(frame.pts)
            samples.add(frame)
            height, width = THUMBNAIL
            yield to_thumbnail.reformat(frame, width, height, "rgb24", interpolation="AREA").to_ndarray()

    with broken_if_unreadable(path), av.open(str(path)) as container:
        survey = _Survey(container, stop)
        cuts = scene_cuts(thumbnails(survey.frames()))
        facts = survey.facts(samples.size, times, keys, cuts)
        try_decord = survey.suits_decord(samples.size)
    with broken_if_unreadable(path):
        return _with_reader_that_agrees(path, facts, samples, try_decord)


def counted_facts(path: Path, stop: threading.Event | None = None) -> VideoFacts:
    """What the first frame and the packets tell, without a decode of the rest: cuts are not found, and damage only
    where it is read. That is by PyAV, for of a damaged file decord makes frames that look whole. See `decoded_facts`.
    """
    with broken_if_unreadable(path), av.open(str(path)) as container:
        first = next(_Survey(container, stop).frames(), None)
        size = (0, 0) if first is None else displayed(first, VideoReformatter()).shape[:2]
    with broken_if_unreadable(path), av.open(str(path)) as container:
        survey = _Survey(container, stop)
        shown = [
            (packet.pts, packet.is_keyframe) for packet in survey.packets() if packet.size and not packet.is_discard
        ]
        times = sorted(time for time, _ in shown if time is not None)
        if len(times) < len(shown):
            return survey.facts(size, [None] * len(shown), [], [])
        keys = np.searchsorted(times, sorted(time for time, is_key in shown if is_key and time is not None))
        return survey.facts(size, times, keys.tolist(), [])


class _Survey:
    """One pass over an open file."""

    def __init__(self, container: av.container.InputContainer, stop: threading.Event | None) -> None:
        self._container, self._stop = container, stop
        self._stream = picture_stream(container)
        self._stream.codec_context.thread_count = 1  # several files are examined at once
        self._rotated = self._open_groups = False

    def packets(self) -> Iterator[av.Packet]:
        """Those of the picture, up to the end that the container promises."""
        count, end, key_time = 0, 0.0, None
        for packet in self._container.demux():
            if self._stop and self._stop.is_set():
                raise StoppedError
            if packet.pts is not None and packet.time_base:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index != self._stream.index:
                continue
            if packet.is_keyframe:
                key_time = packet.pts
            elif key_time is not None and packet.pts is not None and packet.pts < key_time:
                self._open_groups = True  # shown before the key frame, and predicted from it and an earlier one
            count += bool(packet.size)
            yield packet
        self._refuse_cut_off(count, end)

    def frames(self) -> Iterator[av.VideoFrame]:
        """Decoded, and known to be whole."""
        count, shape = 0, None
        for packet in self.packets():
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                if passing_reason(error):
                    raise
                if not count:
                    continue  # the file begins amid frames whose key frame is missing
                raise _damaged_at(count, error.strerror) from error
            for frame in frames:
                if frame.is_corrupt or (packet.is_corrupt and count):
                    raise _damaged_at(count, "corrupt data")
                shape = shape or (frame.width, frame.height)
                if shape != (frame.width, frame.height):
                    raise DamageError(f"changes its size at frame {count}", "Cut it in two there, or remove it.")
                self._rotated = self._rotated or bool(frame.rotation)
                count += 1
                yield frame

    def facts(self, size: tuple[int, ...], times: list, keys: list[int], cuts: list[int]) -> VideoFacts:
        """Those of a file whose frames are at ``times``."""
        if not times or size == (0, 0):
            raise DamageError("holds no frame that can be decoded", "Replace or remove it.")
        ascending = None not in times and bool(np.all(np.diff(times) > 0))
        return VideoFacts(
            length=len(times),
            size=(size[0], size[1]),
            fps=float(self._stream.average_rate or 0),
            decoder="pyav",
            # A program stream's frames need not have times, and get other ones when it is read from the middle.
            times=packed(times) if ascending and self._container.format.name != "mpeg" else "",
            keys=packed(keys),
            cuts=tuple(cuts),
        )

    def suits_decord(self, size: tuple[int, ...]) -> bool:
        """Whether decord may read the file, once all `frames` are known. It cannot turn pictures by 90 degrees, makes
        RGB in its own way of odd sizes and of more than 8 bits, and takes frames before a key frame for broken ones
        where they are predicted from frames beyond it."""
        codec = self._stream.codec_context
        pixels = codec.format
        eight_bits = pixels is not None and all(component.bits <= 8 for component in pixels.components)
        plain = eight_bits and not (self._rotated or self._open_groups) and not any(side % 2 for side in size)
        return (
            plain
            and codec.codec.canonical_name in CODECS
            and any(name in self._container.format.name for name in INDEXED)
        )

    def _refuse_cut_off(self, packets: int, end: float) -> None:
        promised = self._stream.frames
        # An MP4's count includes frames that its edit list leaves out.
        if packets < promised and "mp4" not in self._container.format.name:
            raise DamageError(f"is cut off: {packets} of {promised} frames are there", "Fetch it again, or remove it.")
        start, duration = self._container.start_time or 0, self._container.duration or 0
        length = (start + duration) / 1e6
        if end < length - OVERSTATED:
            raise DamageError(f"is cut off at {end:.1f} s of {length:.1f} s", "Fetch it again, or remove it.")


def _with_reader_that_agrees(path: Path, facts: VideoFacts, samples: Samples, try_decord: bool) -> VideoFacts:
    if try_decord:
        try:
            if samples.agree_with(DecordReader(path, facts)):
                return replace(facts, decoder="decord")
        except DecodeError:
            pass
    # Without times PyAV counts frames from the beginning: slow, and right in any file.
    return facts if samples.agree_with(PyAVReader(path, facts)) else replace(facts, times="")


def _damaged_at(frame: int, why: str | None) -> DamageError:
    return DamageError(f"is damaged at frame {frame} ({why})", "Replace it, encode it anew, or remove it.")


@contextmanager
def broken_if_unreadable(path: Path, errors: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """What goes wrong with the file ``path`` inside, as one `BrokenFileError` that says so.

    Args:
        path: the file.
        errors: that are taken for the file's: of a damaged one PyAV raises much beside its own.
    """
    try:
        yield
    except (BrokenFileError, StoppedError):
        raise
    except DamageError as error:
        what, remedy = error.args
        raise BrokenFileError(f"Video '{path}' {what}. {remedy}", str(path)) from error
    except errors as error:
        kind = UnreadableNowError if passing_reason(error) else BrokenFileError
        raise kind(f"Video '{path}' {_why(path, error)}", str(path)) from error


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "may not be read: permission denied. Change its mode, or remove it."
    if reason := passing_reason(error):
        return f"cannot be read now ({reason}). The next start tries it again."
    if not path.exists():
        gone = f"is a link to '{path.readlink()}', which" if path.is_symlink() else ""
        return f"{gone} does not exist. Restore or remove it.".strip()
    if path.stat().st_size == 0:
        return "cannot be read: it is empty. Replace or remove it."
    if isinstance(error, LookupError):
        return "cannot be read: it holds no video stream. Remove it."
    return "cannot be read: it is no video, or its beginning or end is missing. Replace or remove it."
