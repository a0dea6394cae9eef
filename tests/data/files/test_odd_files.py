"""What is odd, but good, is read right."""

import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data.files.odd_and_broken import make_8k, make_odd, scene, write_video
from vsr.data import FrameFolder, VideoClip, VideoFolder
from vsr.data.clip import Window
from vsr.data.files import decord_reader

ROUNDING = 2  # levels that RGB loses on the way to 8-bit YUV and back


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    return folder, make_odd(folder)


def difference(read, wanted):
    assert read.shape == wanted.shape
    return np.abs(read.astype(np.int16) - wanted).max()


@pytest.mark.parametrize("cuts", [True, False])
@pytest.mark.parametrize("decord", [True, False])
def test_every_frame_equals_its_source(odd, monkeypatch, cuts, decord):
    folder, sources = odd
    if not decord:
        monkeypatch.setitem(sys.modules, "decord", None)
    clips = VideoFolder(folder, cuts=cuts)
    assert {clip.path for clip in clips} == set(sources)
    rng = np.random.default_rng(0)
    for clip in clips:
        wanted = sources[clip.path]
        assert (clip.length, *clip.size) == wanted.shape[:3], clip.name
        assert difference(clip.read(range(clip.length)), wanted) <= ROUNDING, clip.name
        window = Window(5, 8, 40, 24)
        for _ in range(4):
            indices = rng.integers(clip.length, size=3).tolist()
            assert difference(clip.read(indices, window), window.of(wanted[indices])) <= ROUNDING, clip.name


@pytest.mark.slow  # 33 million pixels
@pytest.mark.parametrize("decord", [True, False])
def test_8k(tmp_path, monkeypatch, decord):
    path, frame = make_8k(tmp_path)
    if not decord:
        monkeypatch.setitem(sys.modules, "decord", None)
    (clip,) = VideoFolder(path)
    assert clip.size == (4320, 7680)
    window = Window(4000, 7000, 256, 256)
    assert difference(clip.read([0, 0], window), window.of(frame).repeat(2, axis=0)) <= ROUNDING


def test_a_window_is_cut_from_few_frames_at_a_time(tmp_path, monkeypatch):
    source = scene(12)
    clip = VideoFolder(write_video(tmp_path / "clip.mp4", source))[0]
    monkeypatch.setattr(decord_reader, "CHUNK", 3 * source[0].nbytes)
    reader = decord_reader.DecordReader(clip.path, clip._facts)
    held = []
    decode = reader._decode
    monkeypatch.setattr(reader, "_decode", lambda indices: held.append(len(indices)) or decode(indices))
    window = Window(10, 20, 30, 40)
    assert difference(reader.read(range(2, 12), window), window.of(source[2:])) <= ROUNDING
    assert max(held) == 3


def test_a_single_file_is_a_source(tmp_path):
    (clip,) = VideoFolder(write_video(tmp_path / "alone.mp4", scene(5)))
    assert (clip.name, clip.length) == ("alone", 5)


def test_colours_follow_the_files_matrix_and_range(tmp_path):
    """One grey ramp in limited and in full range is the same picture."""
    ramp = np.broadcast_to(np.linspace(0, 255, 128).astype(np.uint8)[None, None, :, None], (3, 96, 128, 3))
    limited = VideoClip(write_video(tmp_path / "limited.mp4", ramp))
    full = VideoClip(write_video(tmp_path / "full.mp4", ramp, "mjpeg", "yuvj444p", {"q:v": "1"}))
    assert difference(limited.read([1]), ramp[:1]) <= ROUNDING
    assert difference(full.read([1]), ramp[:1]) <= 2 * ROUNDING


def test_pictures(tmp_path):
    source = scene(8, (48, 64))
    grey = source[2, ..., :1].repeat(3, axis=2)
    palette = Image.fromarray(source[3]).quantize(16)
    turned = Image.Exif()
    turned[0x0112] = 6  # "rotate by 90 degrees": a sequence has one size, so it is not done
    Image.fromarray(source[0]).save(tmp_path / "0.png")
    Image.fromarray(source[1]).save(tmp_path / "1.webp", lossless=True)
    Image.fromarray(grey[..., 0]).save(tmp_path / "2.png")
    palette.save(tmp_path / "3.png", transparency=3)
    Image.fromarray(np.dstack([source[4], source[5, ..., 0]])).save(tmp_path / "4.png")  # with alpha
    cv2.imwrite(str(tmp_path / "5.png"), source[5, ..., ::-1].astype(np.uint16) * 257)
    Image.fromarray(source[6]).save(tmp_path / "6.jpg", "PNG", exif=turned)
    Image.fromarray(source[7]).save(tmp_path / "7.tif")
    (clip,) = FrameFolder(tmp_path)
    wanted = [source[0], source[1], grey, np.asarray(palette.convert("RGB")), *source[4:]]
    assert np.array_equal(clip.read(range(8)), wanted)
    window = Window(3, 4, 20, 10)
    assert np.array_equal(clip.read([6, 3], window), window.of(np.stack(wanted)[[6, 3]]))


def test_a_single_picture_of_odd_size_is_a_clip(tmp_path):
    still = scene(1, (47, 63))
    Image.fromarray(still[0]).save(tmp_path / "still.png")
    (clip,) = FrameFolder(tmp_path)
    assert np.array_equal(clip.read([0]), still)
