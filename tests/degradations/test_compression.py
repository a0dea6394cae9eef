import logging

import cv2
import numpy as np
import pytest
import torch

from vsr.degradations import Compression, compression
from vsr.degradations.jpeg import jpeg
from vsr.degradations.video_codec import CODECS, CodecError, VideoCodec, through_codec
from vsr.errors import UserError

BUILT = [name for name, codec in CODECS.items() if codec.available]
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 60, 30), (128, 128, 128)]


def moving_clip(frames, height, width):
    """A bright bar that steps two pixels a frame over a gradient."""
    x = np.arange(width)
    clip = np.zeros((frames, height, width, 3), np.uint8)
    for t in range(frames):
        clip[t] = np.linspace(40, 120, width).astype(np.uint8)[:, None]
        clip[t][:, (x >= 4 + 2 * t) & (x < 14 + 2 * t)] = (230, 210, 190)
    return clip


def test_this_build_has_a_codec_to_test():
    assert "mpeg4" in BUILT  # it is FFmpeg's own


@pytest.mark.parametrize("name", BUILT)
def test_flat_colours_come_back(name):
    for colour in COLOURS:
        frames = np.full((3, 64, 64, 3), colour, np.uint8)
        result = through_codec(frames, CODECS[name], 8)
        assert np.abs(result.astype(int) - frames).max() <= 3, colour


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize(("frames", "height", "width"), [(9, 70, 66), (4, 33, 81), (1, 8, 10)])
def test_length_size_and_order_of_frames_are_kept(name, frames, height, width):
    clip = moving_clip(frames, height, width)
    result = through_codec(clip, CODECS[name], 3)
    assert result.shape == clip.shape
    assert result.dtype == np.uint8
    distance = np.abs(result[:, None].astype(int) - clip[None]).mean((2, 3, 4))
    assert distance.argmin(1).tolist() == list(range(frames))
    assert distance.diagonal().max() < 6


def flashes(frames, height, width):
    """Colours that alternate and drift, a third of a frame each, so that no two frames are alike."""
    rng = np.random.default_rng(0)
    clip = np.zeros((frames, height, width, 3), np.uint8)
    for t in range(frames):
        for third, columns in enumerate(np.array_split(np.arange(width), 3)):
            bright = (t + third) % 2
            clip[t][:, columns] = rng.integers(150, 230, 3) if bright else rng.integers(20, 100, 3)
    return clip


@pytest.mark.parametrize("name", BUILT)
def test_a_codec_changes_the_clip_and_keeps_its_length_colours_and_timing(name):
    """At a rate of training: the mean colour of each third of a frame is that of the same frame."""
    frames = flashes(12, 96, 120)
    clip = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    torch.manual_seed(0)
    result = Compression({name: 1}, [0.5, 0.5])(clip)
    assert result.shape == clip.shape
    assert not torch.equal(result, clip)
    means = [video.reshape(12, 3, 96, 3, 40).mean((2, 4)) * 255 for video in (result, clip)]
    assert (means[0] - means[1]).abs().max() < 8  # a frame's neighbours are 50 levels and more away
    assert (clip[1:] - clip[:-1]).abs().mean() * 255 > 50


@pytest.mark.parametrize("name", BUILT)
def test_what_memory_held_before_changes_nothing(name):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (9, 8, 8, 3)).astype(np.float32)
    clip = np.stack([cv2.resize(frame, (66, 70), interpolation=cv2.INTER_LINEAR) for frame in coarse]).astype(np.uint8)
    expected, litter = through_codec(clip, CODECS[name], 0.87), []
    for _ in range(25):
        litter += [rng.bytes(rng.integers(1, size)) for size in (1_000_000, 3_000)]
        if len(litter) > 40:
            del litter[rng.integers(40)], litter[rng.integers(40)]
        assert np.array_equal(through_codec(clip, CODECS[name], 0.87), expected)


@pytest.mark.parametrize("name", BUILT)
def test_fewer_bits_lose_more_and_the_same_clip_gives_the_same(name):
    clip = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    clip = (clip // 4 + moving_clip(4, 64, 64) // 2).astype(np.uint8)
    poor, rich = (through_codec(clip, CODECS[name], rate) for rate in (0.05, 8))
    assert np.abs(poor.astype(int) - clip).mean() > 1.2 * np.abs(rich.astype(int) - clip).mean()
    for _ in range(3):
        assert np.array_equal(poor, through_codec(clip, CODECS[name], 0.05))


def test_encoder_that_fails_is_replaced_by_jpeg_and_counted(monkeypatch, caplog):
    def fail(*_):
        raise CodecError("libx264: 3 of 4 frames came back")

    monkeypatch.setattr(compression, "through_codec", fail)
    clip = torch.rand(4, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    operation = Compression({"mpeg4": 1}, [0.1, 1])
    with caplog.at_level(logging.WARNING):
        result = operation(clip)
    assert torch.equal(result, jpeg(clip, torch.full((4,), 50.0)))
    assert operation.failures == 1
    assert "3 of 4 frames came back; JPEG instead (1 clips so far)" in caplog.text


def test_errors_of_the_libraries_are_codec_errors():
    with pytest.raises(CodecError, match="libx264"):
        through_codec(moving_clip(2, 64, 64), VideoCodec("libx264", "h264", {"preset": "no such preset"}), 1)


def test_codecs_this_build_lacks_are_left_out(monkeypatch, caplog):
    monkeypatch.setitem(CODECS, "av1", VideoCodec("no_such_encoder", "no_such_decoder"))
    with caplog.at_level(logging.WARNING):
        assert list(Compression({"mpeg4": 1, "av1": 1}, [0.1, 1]).codecs) == ["mpeg4"]
    assert "av1" in caplog.text
    with pytest.raises(UserError, match=r"no encoder for av1 here\. It has: .*mpeg4"):
        Compression({"av1": 1}, [0.1, 1])


def test_what_is_no_codec_or_rate_is_refused():
    with pytest.raises(UserError, match="Did you mean 'h264'"):
        Compression({"h265x4": 1, "mpeg4": 1}, [0.1, 1])
    with pytest.raises(UserError, match=r"compression.bits_per_pixel=\[0, 1\]"):
        Compression({"mpeg4": 1}, [0, 1])
