"""``evaluate.py input=... output=...`` from its config to the file, and what is left where it ends early."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import av
import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.conftest import REPOSITORY
from tests.data.files.odd_and_broken import noise_inside, scene, write_video
from vsr.errors import UserError
from vsr.generators import load
from vsr.generators.generator import Generator
from vsr.generators.load import Weights
from vsr.inference.upscaling import run
from vsr.inference.upscaling.video_sink import VideoSink


class Enlarge(Generator):
    """Repeats each pixel."""

    causal = True

    def forward(self, lr, modulation=None):
        raise AssertionError("a causal generator is taken frame by frame")

    def step(self, lr, state=None, modulation=None):
        return F.interpolate(lr, scale_factor=self.scale), (state or 0) + 1


@pytest.fixture
def upscale(compose, monkeypatch, tmp_path):
    """``upscale(*overrides)``: into out.mp4, by `Enlarge` x4."""
    monkeypatch.setattr(run, "load_generator", lambda source: (Enlarge(4, 4), Weights(source, {})))
    monkeypatch.chdir(tmp_path)

    def go(*overrides):
        run.upscale(compose("ckpt=x", "input=in.mp4", "output=out.mp4", "device=cpu", *overrides, name="evaluate"))

    return go


@pytest.fixture
def clip(tmp_path):
    """in.mp4, of 12 frames."""
    frames = scene(12, (32, 48))
    write_video(tmp_path / "in.mp4", frames)
    return frames


def names(folder):
    return {path.name for path in folder.iterdir()}


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_every_frame_comes_out_enlarged_and_one_line_says_where(upscale, clip, tmp_path, caplog):
    with caplog.at_level("INFO"):
        upscale("output=out.mkv", "codec=ffv1")
    assert np.abs(np.array(pictures(tmp_path / "out.mkv"))[:, ::4, ::4].astype(int) - clip).max() <= 2
    assert names(tmp_path) == {"in.mp4", "out.mkv"}
    last = caplog.messages[-1]
    assert last.startswith("wrote out.mkv: 12 frames of 192x128, ") and "s a frame, peak memory" in last


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_videos_are_upscaled(upscale, tmp_path, frames):
    write_video(tmp_path / "in.mp4", scene(frames, (8, 10)))
    upscale("compare=true")
    for name in ("out.mp4", "out.compare.mp4"):
        assert [picture.shape for picture in pictures(tmp_path / name)] == [(32, 40, 3)] * frames


def test_a_folder_becomes_a_folder(upscale, tmp_path):
    (tmp_path / "in").mkdir()
    for number, picture in enumerate(scene(3, (16, 20))):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), picture[..., ::-1])
    upscale("input=in", "output=out")
    expected = [np.kron(picture, np.ones((4, 4, 1))) for picture in scene(3, (16, 20))]
    written = sorted((tmp_path / "out").iterdir())
    assert np.array_equal([cv2.imread(str(path))[..., ::-1] for path in written], expected)
    with pytest.raises(UserError, match="holds frames"):
        upscale("input=in", "output=out")
    upscale("input=in", "output=out", "overwrite=true", "compare=true")
    assert names(tmp_path) == {"in", "out", "out_compare"}
    assert len(names(tmp_path / "out")) == len(names(tmp_path / "out_compare")) == 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["ckpt=null"], "ckpt is not set"),
        (["ckpt=[a,b]"], "by one checkpoint at a time"),
        (["input=null"], "input is not set"),
        (["output=null"], "output is not set"),
        (["output=in.mp4", "overwrite=true"], "output=in.mp4 is the input"),
        (["input='*.png'", "output=.", "overwrite=true"], "output=. is the input"),
        (["interpolate=weights"], "by one checkpoint at a time"),
        (["scale=2"], "x was trained for x4"),
        (["temperature=1"], "Enlarge has no latent"),
        (["device=hpu"], "device=hpu cannot be used here"),
        (["input=none.mp4"], "input=none.mp4 does not exist. Set it to a video, a folder"),
        (["window=3", "overlap=8"], "window=3 must be more than twice overlap=8"),
        (["window=many"], "window=many: expected a whole number"),
        *((["input=in.png", f"fps={fps}"], f"fps={fps}") for fps in ("0", "nan", "1e-09", "inf", "many")),
        (["input=in.png", "fps=null"], "fps=None: expected pictures a second"),
        (["overlap=half"], "overlap=half: expected a whole number"),
        (["margin=1.5"], "margin=1.5: expected a whole number"),
        (["seed=null"], "seed=None: expected a whole number"),
        (["overwrite=never"], "overwrite=never: expected true or false"),
        (["output=.", "compare=true"], "output=. holds other files"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(upscale, clip, tmp_path, overrides, message):
    cv2.imwrite(str(tmp_path / "in.png"), clip[0])
    with pytest.raises(UserError, match=message):
        upscale(*overrides)
    assert names(tmp_path) == {"in.mp4", "in.png"}


def test_an_output_that_exists_stays_unless_told_otherwise(upscale, clip, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"dear to someone")
    with pytest.raises(UserError, match="exists"):
        upscale()
    assert (tmp_path / "out.mp4").read_bytes() == b"dear to someone"
    upscale("overwrite=true")
    assert len(pictures(tmp_path / "out.mp4")) == 12


def test_a_damaged_place_costs_its_frames_only(upscale, tmp_path, caplog):
    path = write_video(tmp_path / "whole.mp4", scene(60, (48, 64)), options={"crf": "20", "g": "10"})
    (tmp_path / "in.mp4").write_bytes(noise_inside(path.read_bytes()))
    upscale()
    assert 40 <= len(pictures(tmp_path / "out.mp4")) <= 60


@contextmanager
def full_disk(room):
    """Writing fails beyond so many bytes of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out"])
def test_a_full_disk_leaves_nothing_and_what_was_there(upscale, clip, tmp_path, output):
    upscale(f"output={output}")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with (
        pytest.raises(UserError, match=rf"{output} could not be written \(File too large\)") as raised,
        full_disk(2000),
    ):
        upscale(f"output={output}", "overwrite=true")
    assert "\n" not in str(raised.value)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_a_file_that_plays_and_another_name(
    upscale, clip, tmp_path, monkeypatch, number, status
):
    original = VideoSink.write

    def write(self, frame):
        if frame.time * self._base >= 6 / 25:
            os.kill(os.getpid(), number)  # in the middle of writing
        original(self, frame)

    monkeypatch.setattr(VideoSink, "write", write)
    unheeded = signal.signal(number, lambda *_: None)
    handler = signal.getsignal(number)
    try:
        with pytest.raises(SystemExit) as ended:
            upscale()
        assert ended.value.code == status and signal.getsignal(number) is handler
    finally:
        signal.signal(number, unheeded)
    assert names(tmp_path) == {"in.mp4", "out.partial.mp4"}
    assert len(pictures(tmp_path / "out.partial.mp4")) == 7


def at_a_signal(monkeypatch, method):
    """SIGINT comes in the middle of that method of `VideoSink`."""
    original = getattr(VideoSink, method)

    def interrupted(self, *args):
        os.kill(os.getpid(), signal.SIGINT)
        return original(self, *args)

    monkeypatch.setattr(VideoSink, method, interrupted)


def test_a_signal_at_the_end_comes_too_late(upscale, clip, tmp_path, monkeypatch):
    at_a_signal(monkeypatch, "finish")
    upscale("compare=true")
    assert names(tmp_path) == {"in.mp4", "out.mp4", "out.compare.mp4"}
    assert len(pictures(tmp_path / "out.mp4")) == len(pictures(tmp_path / "out.compare.mp4")) == 12


def test_a_signal_at_the_beginning_leaves_nothing(upscale, clip, tmp_path, monkeypatch):
    at_a_signal(monkeypatch, "_new_stream")
    with pytest.raises(SystemExit):
        upscale()
    assert names(tmp_path) == {"in.mp4"}


def test_what_was_finished_stays_where_the_comparison_fails(upscale, clip, tmp_path, monkeypatch, caplog):
    original = VideoSink.finish

    def finish(self):
        if "compare" in self._path.name:
            with full_disk(2000):
                original(self)
        else:
            original(self)

    monkeypatch.setattr(VideoSink, "finish", finish)
    with pytest.raises(UserError, match=r"out.compare.mp4 could not be written"):
        upscale("compare=true")
    assert names(tmp_path) == {"in.mp4", "out.mp4"} and not caplog.messages[1:]
    assert len(pictures(tmp_path / "out.mp4")) == 12


def test_a_failure_keeps_what_was_made_until_then(upscale, clip, tmp_path, monkeypatch, caplog):
    original = Enlarge.step

    def step(self, lr, state=None, modulation=None):
        if state == 5:
            raise torch.OutOfMemoryError("a defect")
        return original(self, lr, state)

    monkeypatch.setattr(Enlarge, "step", step)
    with caplog.at_level("INFO"), pytest.raises(UserError, match="cpu has too little memory; set tile="):
        upscale()
    assert "what was upscaled until now is in out.partial.mp4" in caplog.text
    assert len(pictures(tmp_path / "out.partial.mp4")) == 5


def test_a_checkpoint_of_a_later_version_is_refused_in_one_line(tmp_path):
    content = {"schema": load.CHECKPOINT_SCHEMA + 1, "state_dict": {}, "config": {}, "generator_steps": 1}
    torch.save(content, tmp_path / "later.ckpt")
    with pytest.raises(UserError, match=r"later.ckpt: a checkpoint of version 2, .* reads up to 1; update it"):
        load.load_generator(str(tmp_path / "later.ckpt"))


@pytest.mark.slow
def test_the_command_killed_amid_leaves_a_file_that_plays(tmp_path, compose):
    small = ["generator=recurrent_small", "generator.channels=4", "generator.blocks=1"]
    cfg = compose(*small, "generator.flow.weights=random")
    config = OmegaConf.to_container(cfg.generator, resolve=True)
    state = {f"generator.{key}": value for key, value in instantiate(config).state_dict().items()}
    torch.save({"state_dict": state, "config": {"generator": config}, "generator_steps": 1}, tmp_path / "x.ckpt")
    write_video(tmp_path / "in.mp4", scene(400, (64, 96)))
    command = [sys.executable, str(REPOSITORY / "evaluate.py"), "ckpt=x.ckpt", "input=in.mp4", "output=out.mp4"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not any(name.endswith(".part") for name in names(tmp_path)):
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and not errors
    assert "out.mp4" not in names(tmp_path)
    assert 0 < len(pictures(tmp_path / "out.partial.mp4")) < 400
