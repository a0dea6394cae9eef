"""What cannot be read costs one line and a place in the count; too much of it ends the run."""

import logging
import os
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tests.data.files.odd_and_broken import make_broken, noise_inside, scene, write_video
from vsr.data import FrameFolder, VideoClip, VideoFolder
from vsr.data.broken import BrokenFileError
from vsr.errors import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every broken kind, and as many good ones."""
    root = tmp_path_factory.mktemp("broken")
    broken = make_broken(root)
    for number in range(len(broken)):
        write_video(root / f"good{number}.mp4", scene(4, seed=number))
    return root, broken


def test_each_broken_file_costs_one_line(folder, caplog):
    root, broken = folder
    with caplog.at_level(logging.WARNING):
        clips = VideoFolder(root, max_broken=0.5)
    assert {file.path for file in clips.broken} == {str(path) for path in broken}
    assert len(clips) == len(broken)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(lines) == len(broken)
    assert all(sum(f"'{path}'" in line for line in lines) == 1 for path in broken)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("truncated", "its beginning or end is missing"),
        ("truncated_streamed", "damaged at frame|cut off"),
        ("empty", "it is empty"),
        ("no_video", "it is no video"),
        ("damaged_inside", "is damaged at frame [1-9]"),
        ("sound", "no video stream"),
        ("broken_link", "is a link to '.*nowhere.mp4', which does not exist"),
        pytest.param(
            "unreadable",
            "permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything"),
        ),
    ],
)
def test_the_line_says_why(folder, name, reason):
    root, _ = folder
    with pytest.raises(UserError, match=rf"{name}\.mp4' .*{reason}.*\. (Replace|Remove|Restore|Fetch|Change)"):
        VideoFolder(root / f"{name}.mp4") if (root / f"{name}.mp4").is_file() else VideoClip(root / f"{name}.mp4")


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    """As root sees none, the system call is made to refuse."""
    path = write_video(tmp_path / "locked.mp4", scene(3))

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vsr.data.files.video_examination.av.open", refuse)
    with pytest.raises(UserError, match=r"locked\.mp4' may not be read: permission denied"):
        VideoFolder(path)


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_a_cut_off_file_of_any_container(tmp_path, suffix):
    source = scene(75, (48, 64))
    codec, pixels = ("libvpx-vp9", "yuv420p") if suffix == "webm" else ("libx264", "yuv420p")
    path = write_video(tmp_path / f"clip.{suffix}", source, codec, pixels, {"g": "10"})
    whole = VideoFolder(path)[0]
    assert whole.length == 75
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3 - 50])
    with pytest.raises(UserError, match=r"is cut off at 0\.\d s of 3\.0 s"):
        VideoFolder(path)


def test_too_many_end_the_run_before_it_begins(folder):
    root, broken = folder
    total = 2 * len(broken)
    with pytest.raises(UserError, match=rf"{len(broken)} of {total} files cannot be .*, more than data.max_broken"):
        VideoFolder(root, max_broken=0.2)


def test_nothing_but_broken_files_is_one_error(tmp_path):
    make_broken(tmp_path)
    with pytest.raises(UserError, match=r"None of the \d files can be .*; the first: Video '.*broken_link"):
        VideoFolder(tmp_path, max_broken=1.0)


def test_a_file_that_vanishes_or_changes_is_named_on_reading(tmp_path):
    path = write_video(tmp_path / "clip.mp4", scene(6))
    clip = VideoFolder(path)[0]
    clip.read([0])
    os.utime(path, (0, 0))
    with pytest.raises(BrokenFileError, match=r"clip\.mp4' has changed since it was examined. Start again"):
        clip.read([3])
    path.unlink()
    with pytest.raises(BrokenFileError, match=r"clip\.mp4' does not exist") as caught:
        clip.read([3])
    assert caught.value.path == str(path)


def test_damage_that_was_not_looked_for_is_found_on_reading(tmp_path):
    path = write_video(tmp_path / "clip.mp4", scene(30))
    path.write_bytes(noise_inside(path.read_bytes()))
    (clip,) = VideoFolder(path, cuts=False)
    with pytest.raises(BrokenFileError, match=r"clip\.mp4' cannot be decoded at frames 0 to 29"):
        clip.read(range(30))


def test_a_video_that_changes_its_size_is_broken(tmp_path):
    with av.open(str(tmp_path / "clip.avi"), "w") as file:
        stream = file.add_stream("mjpeg", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for number, size in enumerate([(48, 64)] * 5 + [(64, 80)] * 5):
            encoder = av.CodecContext.create("mjpeg", "w")
            (encoder.height, encoder.width), encoder.pix_fmt, encoder.framerate = size, "yuvj420p", 25
            encoder.time_base = Fraction(1, 25)
            for packet in encoder.encode(av.VideoFrame.from_ndarray(scene(1, size)[0], format="rgb24")):
                packet.stream, packet.pts, packet.dts = stream, number, number
                file.mux(packet)
    with pytest.raises(UserError, match=r"clip\.avi' changes its size at frame 5"):
        VideoFolder(tmp_path)


def write_pictures(folder, count=4, size=(48, 64)):
    folder.mkdir(parents=True)
    for number, frame in enumerate(scene(count, size)):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


def test_a_broken_picture_breaks_its_clip(tmp_path):
    for name in ("good", "cut", "empty", "odd", "text", "link"):
        write_pictures(tmp_path / name)
    (tmp_path / "cut" / "2.png").write_bytes((tmp_path / "good" / "2.png").read_bytes()[:-40])
    (tmp_path / "empty" / "2.png").write_bytes(b"")
    (tmp_path / "text" / "2.png").write_text("no picture")
    (tmp_path / "link" / "2.png").unlink()
    (tmp_path / "link" / "2.png").symlink_to("nowhere.png")
    Image.fromarray(scene(1, (50, 64))[0]).save(tmp_path / "odd" / "2.png")
    clips = FrameFolder(tmp_path, max_broken=0.9)
    assert [clip.name for clip in clips] == ["good"]
    reasons = {"cut": "cut off", "empty": "is empty", "odd": "is 64x50", "text": "no picture", "link": "is a link to"}
    assert {file.path for file in clips.broken} == {str(tmp_path / name) for name in reasons}
    for file in clips.broken:
        name = file.path.rsplit("/", 1)[1]
        assert reasons[name] in str(file)
        assert f"{name}/2.png" in str(file)


def test_a_cut_off_jpeg_is_not_half_a_picture(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(tmp_path / "0.jpg")
    content = (tmp_path / "0.jpg").read_bytes()
    (tmp_path / "0.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"0\.jpg' cannot be read"):
        FrameFolder(tmp_path)


def test_a_picture_that_vanishes_is_named_on_reading(tmp_path):
    (clip,) = FrameFolder(write_pictures(tmp_path / "clip"))
    (tmp_path / "clip" / "1.png").unlink()
    with pytest.raises(BrokenFileError, match=r"1\.png' cannot be read \(no such file or directory\)") as caught:
        clip.read([0, 1])
    assert caught.value.path == str(tmp_path / "clip")
