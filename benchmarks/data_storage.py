"""The same frames in each kind of storage that there is a reader for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import cv2
import lmdb
import numpy as np

from vsr.data import Clip, Clips, FrameFolder, LmdbFolder, StoreFolder, VideoClip
from vsr.data.files.video_examination import decoded_facts
from vsr.data.prepare import Settings, prepare
from vsr.errors import UserError

HEIGHT, WIDTH = 720, 1280
MANY = 24  # files: three times as many as a process keeps open


@dataclass(frozen=True)
class Kind:
    """Of storage and reader.

    Attributes:
        name: of both.
        file: name of the file or folder that is written.
        write: writes frames (T, H, W, 3) under that name.
        open: the clips in it.
    """

    name: str
    file: str
    write: Callable[[Path, np.ndarray], None]
    open: Callable[[Path], Sequence[Clip]]

    def path(self, folder: Path) -> Path:
        """Where it is, in the folder of all of them."""
        return folder / self.file


def video_frames(path: str | Path, length: int) -> np.ndarray:
    """``length`` frames (T, 720, 1280, 3): the middle of the video's, forwards, backwards and so on.

    Raises:
        UserError: the video is smaller.
    """
    clip = VideoClip(path)
    (height, width), count = clip.size, min(clip.length, length)
    if height < HEIGHT or width < WIDTH:
        raise UserError(f"'{path}' is {width}x{height}: give a --video of at least {WIDTH}x{HEIGHT}.")
    top, left = (height - HEIGHT) // 2, (width - WIDTH) // 2
    frames = clip.read(range(count))[:, top : top + HEIGHT, left : left + WIDTH]
    order = [*range(count), *range(count - 2, 0, -1)] or [0]
    return frames[np.resize(order, length)]


def write_png(folder: Path, frames: np.ndarray) -> None:
    """One picture a frame, by OpenCV."""
    (folder / "clip").mkdir(parents=True)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / "clip" / f"{number:08d}.png"), frame[..., ::-1])


def write_lmdb(folder: Path, frames: np.ndarray) -> None:
    """BasicSR's layout: PNGs under ``000/00000000``, listed in meta_info.txt."""
    room = 2 * frames.nbytes + 2**24
    with lmdb.open(str(folder), map_size=room) as environment, environment.begin(write=True) as transaction:
        for number, frame in enumerate(frames):
            _, encoded = cv2.imencode(".png", frame[..., ::-1])
            transaction.put(f"000/{number:08d}".encode(), encoded.tobytes())
    lines = (f"000/{number:08d}.png ({HEIGHT},{WIDTH},3) 1\n" for number in range(len(frames)))
    (folder / "meta_info.txt").write_text("".join(lines))


def write_mp4(path: Path, frames: np.ndarray, keys: int) -> None:
    """H.264 of good quality with a key frame every ``keys`` frames."""
    options = {"crf": "18", "preset": "fast", "g": str(keys), "keyint_min": str(keys), "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_store(folder: Path, frames: np.ndarray) -> None:
    """What the command makes of pictures, nothing dropped."""
    pictures = folder.with_name("pictures for the store")
    write_png(pictures, frames)
    prepare([pictures], folder, Settings(1, keep_static=True, keep_duplicates=True))


def open_video(path: Path, decoder: str) -> Clips:
    """The one video as a source that is read by ``decoder``."""
    return Clips([VideoClip(path, facts=replace(decoded_facts(path), decoder=decoder, cuts=()))])


def write_many(folder: Path, frames: np.ndarray) -> None:
    """Copies of one such file with a key frame every 12 frames."""
    folder.mkdir()
    first = folder / "00.mp4"
    write_mp4(first, frames, keys=12)
    for number in range(1, MANY):
        shutil.copy(first, folder / f"{number:02d}.mp4")


def open_many(folder: Path, decoder: str) -> Clips:
    """All of the copies as a source that is read by ``decoder``."""
    facts = replace(decoded_facts(folder / "00.mp4"), decoder=decoder, cuts=())
    return Clips([VideoClip(path, facts=facts) for path in sorted(folder.iterdir())])


def _video(keys: int, decoder: str, title: str) -> Kind:
    name = f"mp4, key every {keys}, {title}"
    return Kind(name, f"keys_{keys}.mp4", partial(write_mp4, keys=keys), partial(open_video, decoder=decoder))


def _many(decoder: str, title: str) -> Kind:
    return Kind(f"{MANY} mp4, key every 12, {title}", "many", write_many, partial(open_many, decoder=decoder))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("PNG", "png", write_png, partial(FrameFolder, cuts=False)),
        Kind("LMDB", "lmdb", write_lmdb, LmdbFolder),
        _video(12, "decord", "decord"),
        _video(12, "pyav", "PyAV"),
        _video(250, "decord", "decord"),
        _video(250, "pyav", "PyAV"),
        _many("decord", "decord"),
        _many("pyav", "PyAV"),
        Kind("store", "store", write_store, StoreFolder),
    )
}
