"""What goes wrong while a file is made costs no work that was done, and never the input."""

import errno
import os
import signal
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import pytest
import torch

from tests.data.files.odd_and_broken import scene, write_video
from tests.inference.test_upscale_run import Enlarge, names, pictures
from vsr.errors import UserError
from vsr.generators.load import Weights
from vsr.inference.upscaling import run
from vsr.inference.upscaling.colour import Colour, Converter
from vsr.inference.upscaling.frame import About, Frame
from vsr.inference.upscaling.sink import check_output, open_sink
from vsr.inference.upscaling.stopping import Stopping
from vsr.inference.upscaling.video_sink import VideoSink


@pytest.fixture
def upscale(compose, monkeypatch, tmp_path):
    """``upscale(*overrides)``: by `Enlarge` x4."""
    monkeypatch.setattr(run, "load_generator", lambda source: (Enlarge(4, 4), Weights(source, {})))
    monkeypatch.chdir(tmp_path)
    return lambda *overrides: run.upscale(compose("ckpt=x", "device=cpu", *overrides, name="evaluate"))


def sink_with(path, count=3, size=(32, 40), codec=None):
    """A sink of ``path`` that has taken so many frames."""
    sink = open_sink(path, About(size, Fraction(1, 25), Fraction(25), Colour()), codec, None)
    for time, picture in enumerate(scene(count, size)):
        sink.write(Frame(picture, time, 1))
    return sink


@pytest.mark.parametrize(
    ("given", "output", "lost"),
    [
        ("film.partial.mp4", "film.mp4", "film.partial.mp4"),
        ("film.compare.partial.mp4", "film.mp4", "film.compare.partial.mp4"),
        ("frames.partial", "frames", "frames.partial"),
        ("frames.partial/*.png", "frames", "frames.partial"),
        ("frames.partial", "./frames.partial/../frames", "frames.partial"),
    ],
)
def test_an_output_that_would_end_early_upon_the_input_is_refused(upscale, tmp_path, given, output, lost):
    if given.endswith(".mp4"):
        write_video(tmp_path / given, scene(2))
    else:
        (tmp_path / "frames.partial").mkdir()
        cv2.imwrite(str(tmp_path / "frames.partial/00000000.png"), scene(1)[0])
    before = names(tmp_path)
    with pytest.raises(UserError, match=rf"input=.*{lost} is what output=.* is called if it ends early"):
        upscale(f"input='{given}'", f"output={output}", "compare=true", "overwrite=true")
    assert names(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_refused_at_once_where_none_can_be(tmp_path, monkeypatch, overwrite):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file"):
        check_output(tmp_path / "file", None, None, overwrite)
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "disk")
    with pytest.raises(UserError, match="disk is where a disk is mounted"):
        check_output(tmp_path / "disk", None, None, overwrite)


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_frames_that_cannot_have_their_name_have_another(tmp_path, monkeypatch, name):
    partial = tmp_path / ("out.partial" if name == "out" else "out.partial.mp4")
    sink_with(tmp_path / name).finish()
    before = (tmp_path / name).stat().st_mtime_ns
    sink = sink_with(tmp_path / name, 4)
    original, taken = Path.replace, [tmp_path / name]

    def replace(self, target):
        on_its_way_back = self.is_dir() and len(list(self.iterdir())) == 3
        if target in taken and not on_its_way_back:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match=rf"{name} could not be written \(Device or resource busy\).* Choose another"):
        sink.finish()
    assert (tmp_path / name).stat().st_mtime_ns == before
    assert sink.stop() == partial and names(tmp_path) == {name, partial.name}
    assert len(list(partial.iterdir()) if name == "out" else pictures(partial)) == 4

    taken.append(partial)
    sink = sink_with(tmp_path / name, 4)
    with pytest.raises(UserError, match="could not be written"):
        sink.finish()
    with pytest.raises(UserError, match=r"\.part could not be renamed to .*partial.* it is whole") as raised:
        sink.stop()
    part = Path(str(raised.value).split(" could")[0])
    assert len(list(part.iterdir()) if name == "out" else pictures(part)) == 4


def test_a_defect_at_the_end_keeps_what_was_encoded(tmp_path, monkeypatch):
    sink = sink_with(tmp_path / "out.mkv", 4, codec="ffv1")

    def mux(self, packets):
        raise av.error.InvalidDataError(1094995529, "Invalid data found when processing input")

    with monkeypatch.context() as patched:
        patched.setattr(VideoSink, "_mux", mux)
        with pytest.raises(UserError, match=r"could not be written \(Invalid data .* Choose another codec"):
            sink.finish()
    assert sink.stop() == tmp_path / "out.partial.mkv"
    assert len(pictures(tmp_path / "out.partial.mkv")) == 4 and names(tmp_path) == {"out.partial.mkv"}


@pytest.mark.parametrize(("codec", "size"), [("h264", (16, 20000)), ("hevc", (4, 4)), ("hevc", (2, 40))])
def test_a_size_that_an_encoder_does_not_take_is_said_before_any_frame(tmp_path, codec, size):
    with pytest.raises(UserError, match=rf"does not encode {size[1]}x{size[0]} pixels .* Choose another codec"):
        sink_with(tmp_path / "out.mp4", 0, size, codec)
    assert not names(tmp_path)


def test_where_one_of_two_files_cannot_be_ended_the_other_is(upscale, tmp_path, monkeypatch, caplog):
    write_video(tmp_path / "in.mp4", scene(6))
    original = VideoSink.stop

    def stop(self):
        if "compare" not in self._path.name:
            raise RuntimeError("a defect")
        return original(self)

    def write(self, frame):
        if frame.time * self._base >= 3 / 25:
            raise RuntimeError("another")
        written(self, frame)

    written = VideoSink.write
    monkeypatch.setattr(VideoSink, "stop", stop)
    monkeypatch.setattr(VideoSink, "write", write)
    with pytest.raises(RuntimeError, match="another"):
        upscale("input=in.mp4", "output=out.mp4", "compare=true")
    assert len(pictures(tmp_path / "out.compare.partial.mp4")) == 3 and "a defect" in caplog.text


@pytest.mark.parametrize("at", ["make_plan", "SuperResolver"])
def test_a_device_without_memory_is_said_in_one_line(upscale, tmp_path, monkeypatch, at):
    def full(*args):
        raise torch.OutOfMemoryError("a long story")

    write_video(tmp_path / "in.mp4", scene(2))
    monkeypatch.setattr(run, at, full)
    with pytest.raises(UserError, match="cpu has no memory left for x; end what uses it, or set device=cpu"):
        upscale("input=in.mp4", "output=out.mp4")


def test_under_nohup_a_closed_terminal_stops_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopping():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_colours_are_converted_without_threads_of_their_own():
    converter, picture = Converter(Colour()), np.zeros((64, 64, 3), np.uint8)
    before = psutil.Process().num_threads()
    converter.to_rgb(converter.from_rgb(picture, "yuv420p"))
    assert psutil.Process().num_threads() == before
