"""Video files of every odd and every broken kind, each made from frames that are known."""

import os
import random
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

LOSSLESS = {"qp": "0"}


def scene(frames=12, size=(96, 128), seed=0):
    """Smooth waves that move, (T, H, W, 3) uint8. No frame is like another, no pixel like its neighbour in time."""
    y, x = np.mgrid[: size[0], : size[1]]
    time, phase = np.arange(frames)[:, None, None, None], np.arange(3) * 2 + seed
    waves = np.sin((x[..., None] + 5 * time) / 11 + phase) * np.cos((y[..., None] + 3 * time) / 7 + seed)
    return np.round(127 + 100 * waves).astype(np.uint8)


def write_video(
    path, frames, codec="libx264", pixels="yuv444p", options=LOSSLESS, container=None, times=None, **muxer
):
    """Encode RGB (or, of 4 channels, RGBA) frames; ``times`` in milliseconds instead of 25 frames a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format=container, options=muxer) as file:
        stream = file.add_stream(codec, rate=25, options=options)
        (stream.height, stream.width), stream.pix_fmt = frames.shape[1:3], pixels
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgba" if frame.shape[-1] == 4 else "rgb24")
            if times is not None:
                picture.pts, picture.time_base = int(times[number]), Fraction(1, 1000)
            file.mux(stream.encode(picture))
        file.mux(stream.encode())
    return path


def rotate(path, quarters):
    """Make players turn an MP4 by so many quarters, counter-clockwise: overwrite the matrix of its track header."""
    content = path.read_bytes()
    plain = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    place = content.index(plain, content.index(b"tkhd"))
    cos, sin = [(1, 0), (0, -1), (-1, 0), (0, 1)][quarters]
    turned = struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content[:place] + turned + content[place + len(turned) :])


def write_sound(path):
    """Half a second of sound, no picture."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 16000
        file.mux(stream.encode(sound))
        file.mux(stream.encode())
    return path


def make_odd(folder, frames=12, size=(96, 128)):
    """One video of each odd kind but 8K: ``{path: its frames as they must be read}``."""
    height, width = size
    source = scene(frames, size)
    grey = np.broadcast_to(source[..., :1], source.shape)
    alpha = np.concatenate([source, source[..., ::-1][..., :1]], axis=-1)
    times = np.cumsum(np.random.default_rng(0).integers(10, 200, frames))
    odd = {
        write_video(folder / "matroska_called.mp4", source, container="matroska"): source,
        write_video(folder / "mp4_called.avi", source, container="mp4"): source,
        write_video(folder / "single_frame.mp4", source[:1]): source[:1],
        write_video(folder / "odd_size.mkv", source[:, : height - 1, : width - 1]): source[:, :-1, :-1],
        write_video(folder / "ten_bit.mp4", source, pixels="yuv444p10le"): source,
        write_video(folder / "grey.mkv", grey, "ffv1", "gray", {}): grey,
        write_video(folder / "alpha.mov", alpha, "png", "rgba", {}): source,
        write_video(folder / "variable_rate.mp4", source, times=times): source,
        write_video(folder / "transport_stream.ts", source, options={"qp": "0", "g": "5", "bf": "2"}): source,
        write_video(folder / "b_frames.mp4", source, options={"qp": "0", "g": "250", "bf": "3"}): source,
    }
    for quarters in (1, 2, 3):
        path = write_video(folder / f"rotated{90 * quarters}.mp4", source)
        rotate(path, quarters)
        odd[path] = np.rot90(source, quarters, axes=(1, 2))
    return odd


def make_8k(folder):
    """One frame of 7680 x 4320: (its path, the frame)."""
    frame = np.tile(scene(1, (270, 480))[..., :1], (1, 16, 16, 3))
    return write_video(folder / "8k.mp4", frame, "libx264", "yuv420p", {"qp": "0", "preset": "ultrafast"}), frame


def make_broken(folder, frames=12, size=(96, 128)):
    """One file of each broken kind: their paths. An unreadable one only where the user is not all-powerful."""
    source = scene(frames, size, seed=3)
    whole = write_video(folder / "whole.mp4", source).read_bytes()
    streamed = write_video(folder / "whole.mp4", source, movflags="faststart").read_bytes()
    (folder / "whole.mp4").unlink()
    contents = {
        "truncated.mp4": whole[: len(whole) // 2],
        "truncated_streamed.mp4": streamed[: len(streamed) // 2],
        "empty.mp4": b"",
        "no_video.mp4": b"this is no video. " * 100,
        "damaged_inside.mp4": noise_inside(whole),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "broken_link.mp4").symlink_to(folder / "nowhere.mp4")
    broken = {folder / name for name in contents} | {write_sound(folder / "sound.mp4"), folder / "broken_link.mp4"}
    if os.geteuid():
        path = write_video(folder / "unreadable.mp4", source)
        path.chmod(0)
        broken.add(path)
    return broken


def noise_inside(content):
    """The middle tenth of a file overwritten with noise."""
    start, length = len(content) * 45 // 100, len(content) // 10
    return content[:start] + random.Random(0).randbytes(length) + content[start + length :]


def make_folder(folder: Path, files=40, frames=12, size=(96, 128)):
    """So many video files in ``folder``, one of each odd and broken kind among them: (`make_odd`, `make_8k` and plain
    ones, `make_broken`, a set of one that is good but smaller than any crop)."""
    folder.mkdir(parents=True, exist_ok=True)
    large, frame = make_8k(folder)
    good, broken = {large: frame, **make_odd(folder, frames, size)}, make_broken(folder, frames, size)
    small = {write_video(folder / "small.mp4", scene(frames, (48, 48), seed=5))}
    for number in range(files - len(good) - len(broken) - len(small)):
        source = scene(frames, size, seed=number + 10)
        suffix = (".mp4", ".mkv", ".mov", ".m4v")[number % 4]
        good[write_video(folder / f"plain{number:02d}{suffix}", source)] = source
    return good, broken, small
