"""What goes in and out of an upscaling: colours, times, rotation, sound, pictures, and names."""

import itertools
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import torch

from tests.data.files.odd_and_broken import make_odd, rotate, scene, write_video
from vsr.degradations import upsample
from vsr.errors import UserError
from vsr.inference.upscaling.codecs import CODECS, codec_for
from vsr.inference.upscaling.colour import BT470BG, BT709, BT2020, SMPTE170M, Colour
from vsr.inference.upscaling.frame import About, Frame
from vsr.inference.upscaling.picture_source import PictureSource, pictures_of
from vsr.inference.upscaling.run import open_source
from vsr.inference.upscaling.sink import check_output, open_sink
from vsr.inference.upscaling.video_source import VideoSource
from vsr.inference.upscaling.wipe import wipe


def ramp_and_bars():
    """A ramp of greys; bars of colours, of which only the middles are compared, where chroma is not smeared."""
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (64, 256, 3)).copy()
    bars = np.zeros_like(ramp)
    for number, colour in enumerate(itertools.product((30, 220), (16, 235), (20, 240))):
        bars[:, 32 * number : 32 * number + 32] = colour
    return ramp, bars


def written(path, pictures, about=None, codec=None, crf=None, times=None):
    """The file ``path`` of ``pictures``, by our sink, at ``times``, the last of which is when it ends."""
    about = about or About(pictures[0].shape[:2], Fraction(1, 25), Fraction(25), Colour())
    sink = open_sink(path, about, codec, crf)
    times = list(range(len(pictures) + 1)) if times is None else times
    for picture, time, following in zip(pictures, times, times[1:], strict=False):
        sink.write(Frame(picture, time, following - time))
    sink.finish()
    return path


def copied(path, source, **keys):
    """The file ``path`` of all that is in ``source``."""
    frames = list(source.frames())
    times = [frame.time for frame in frames] + [frames[-1].time + frames[-1].duration]
    return written(path, [frame.picture for frame in frames], source.about, times=times, **keys)


def shown(path):
    """The frames of a video file as PyAV decodes them."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def read(path):
    return [frame.picture for frame in VideoSource(path).frames()]


@pytest.mark.parametrize("codec", ["h264", "hevc", "prores", "ffv1"])
@pytest.mark.parametrize("matrix", [BT709, BT470BG, SMPTE170M, BT2020])
@pytest.mark.parametrize("full_range", [False, True])
def test_greys_and_colours_come_back_and_are_tagged(tmp_path, codec, matrix, full_range):
    ramp, bars = ramp_and_bars()
    path = tmp_path / ("x.mkv" if codec == "ffv1" else "x.mov")
    about = About((64, 256), Fraction(1, 25), Fraction(25), Colour(matrix, full_range, 1, 1))
    written(path, [ramp, bars], about, codec, 0 if CODECS[codec].crf else None)
    grey, coloured = (picture.astype(int) for picture in read(path))
    assert np.abs(grey - ramp).max() <= 1
    assert np.abs(coloured - bars).reshape(64, 8, 32, 3)[:, :, 12:20].max() <= 4  # of 8 bits of chroma
    frame = shown(path)[0]
    if codec in ("h264", "hevc"):
        assert frame.colorspace == matrix and (frame.color_range == 2) == full_range
        # Players that believe the tags see the same: FFmpeg's own conversion, by them.
        assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - ramp).max() <= 2


class _Forgetful:
    """A stream whose encoder leaves decoding times to chance, as x265 does of so few frames."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def encode(self, frame):
        packets = self._stream.encode(frame)
        for packet in packets:
            packet.dts = packet.pts - 309237645384
        return packets


@pytest.mark.parametrize("count", [1, 2])
def test_a_video_of_a_frame_or_two_has_decoding_times_in_hevc(tmp_path, count):
    path = tmp_path / "x.mov"
    sink = open_sink(path, About((64, 256), Fraction(1, 25), Fraction(25), Colour()), "hevc", None)
    sink._stream = _Forgetful(sink._stream)
    for time, picture in enumerate(ramp_and_bars()[:count]):
        sink.write(Frame(picture, time, 1))
    sink.finish()
    with av.open(str(path)) as container:
        assert [packet.dts for packet in container.demux(video=0) if packet.size] == [512 * t for t in range(count)]


@pytest.mark.parametrize(("asked", "encoder"), [("h265", "libx265"), ("x264", "libx264"), (None, "libx264")])
def test_codecs_go_by_their_other_names_too(tmp_path, asked, encoder):
    assert codec_for(tmp_path / "x.mp4", asked, None).encoder == encoder


@pytest.mark.parametrize(("size", "matrix"), [((64, 96), SMPTE170M), ((720, 1280), BT709)])
def test_a_video_that_says_nothing_is_taken_as_players_take_it_and_says_so_afterwards(tmp_path, size, matrix):
    picture = np.zeros((*size, 3), np.uint8)
    source = VideoSource(write_video(tmp_path / "in.mp4", picture[None], pixels="yuv420p"))
    assert source.about.colour == Colour(matrix, False, 2, 2)
    assert shown(written(tmp_path / "out.mp4", [picture], source.about))[0].colorspace == matrix


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_irregular_times_are_kept(tmp_path, suffix):
    times = np.cumsum([0, 40, 7, 180, 33, 33, 90, 12, 41, 300, 41, 41])
    source = VideoSource(write_video(tmp_path / f"in{suffix}", scene(12), times=times))
    path = copied(tmp_path / f"out{suffix}", source)
    assert [round(1000 * frame.time) for frame in shown(path)] == times.tolist()


def test_the_last_frame_is_shown_as_long_as_it_was(tmp_path):
    pictures = list(scene(3))
    about = About(pictures[0].shape[:2], Fraction(1, 1000), Fraction(25), Colour())
    with av.open(str(written(tmp_path / "out.mp4", pictures, about, times=[0, 40, 80, 580]))) as container:
        assert container.duration == 580_000


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_video_is_upright_afterwards(tmp_path, quarters):
    frames = scene(2)
    path = write_video(tmp_path / "in.mp4", frames)
    rotate(path, quarters)
    source = VideoSource(path)
    assert source.about.size == np.rot90(frames[0], quarters).shape[:2]
    out = copied(tmp_path / "out.mp4", source, crf=0)
    (first, _) = shown(out)
    assert first.rotation == 0
    difference = read(out)[0].astype(int) - np.rot90(frames[0], quarters)
    assert np.abs(difference).mean() < 6  # of 4:2:0


def test_pixels_that_are_not_square_stay_so(tmp_path):
    about = About((64, 96), Fraction(1, 25), Fraction(25), Colour(), aspect=Fraction(4, 3))
    path = written(tmp_path / "out.mp4", list(scene(2, (64, 96))), about)
    assert VideoSource(path).about.aspect == Fraction(4, 3)


def add_sound(path, pictures, codec, begin=0.0, shift=0.0, rate=48000):
    """A video of ``pictures`` and a tone of 2 s that sets in at ``begin``, all of it ``shift`` seconds late."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=25, options={"qp": "0", "bf": "0"})
        (video.height, video.width), video.pix_fmt = pictures.shape[1:3], "yuv444p"
        audio = file.add_stream(codec, rate=rate, layout="stereo", bit_rate=128_000)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number + round(25 * shift), Fraction(1, 25)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        tone = np.sin(np.arange(2 * rate) / 20).astype(np.float32) / 3
        for start in range(0, len(tone), 1000):
            part = np.stack([tone[start : start + 1000]] * 2)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate, start + round(rate * (begin + shift))
            file.mux(audio.encode(frame))
        file.mux(audio.encode(None))
    return path


def sound(path):
    """Codec, seconds after the first picture and content of each packet of the sound."""
    first = shown(path)[0].time
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        times = [float(packet.pts * packet.time_base) - first for packet in packets]
        return stream.codec_context.codec.canonical_name, times, [bytes(packet) for packet in packets]


@pytest.mark.parametrize("begin", [0.0, 0.5])
@pytest.mark.parametrize(("into", "out"), [("in.mp4", "out.mp4"), ("in.mkv", "out.mp4"), ("in.mp4", "out.mkv")])
def test_sound_is_copied_as_it_is(tmp_path, into, out, begin):
    source = VideoSource(add_sound(tmp_path / into, scene(50), "aac", begin))
    copied(tmp_path / out, source)
    (codec, times, content), (_, original_times, original) = sound(tmp_path / out), sound(tmp_path / into)
    assert codec == "aac" and content == original
    assert np.allclose(times, original_times, atol=0.002)
    assert len(shown(tmp_path / out)) == 50


def test_sound_that_the_container_does_not_take_is_encoded_anew(tmp_path, caplog):
    source = VideoSource(add_sound(tmp_path / "in.avi", scene(50), "wmav2"))
    with caplog.at_level("INFO"):
        copied(tmp_path / "out.mov", source)
    assert "sound in wmav2 is encoded anew as aac" in caplog.text
    with av.open(str(tmp_path / "out.mov")) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) / 48000 == pytest.approx(2, abs=0.1)
    loudest = np.abs(np.fft.rfft(heard[8000:72000])).argmax() * 48000 / 64000
    assert loudest == pytest.approx(48000 / 20 / (2 * np.pi), abs=1)


@pytest.mark.parametrize(
    ("codec", "into", "out", "becomes"),
    [
        ("pcm_s16le", "in.avi", "out.mp4", "pcm_s16le"),  # whose channels AVI does not name, as MP4 must
        ("libopus", "in.mkv", "out.mp4", "opus"),
        ("libopus", "in.mkv", "out.mov", "aac"),  # FFmpeg counts Opus among what a MOV takes, and refuses it then
    ],
)
def test_sound_of_any_container_goes_into_any_other(tmp_path, codec, into, out, becomes):
    source = VideoSource(add_sound(tmp_path / into, scene(50), codec))
    copied(tmp_path / out, source)
    assert sound(tmp_path / out)[0] == becomes
    with av.open(str(tmp_path / out)) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].time == pytest.approx(0, abs=0.005)
    assert sum(frame.samples for frame in frames) / 48000 == pytest.approx(2, abs=0.03)
    assert np.abs(frames[5].to_ndarray()).max() > 0.3 * (32768 if becomes == "pcm_s16le" else 1)


@pytest.mark.parametrize("output", ["file/out.mp4", "file/out", "/dev/null/out.mp4", "/dev/null/out"])
def test_a_place_where_nothing_can_be_is_refused_in_one_line(tmp_path, output):
    (tmp_path / "file").touch()
    about = About((96, 128), Fraction(1, 25), Fraction(25), Colour())
    with pytest.raises(UserError, match=r"out.* could not be written \(.*hoose another place"):
        open_sink(tmp_path / output, about, None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_begins_late_begins_at_once_and_keeps_its_sound_in_time(tmp_path):
    source = VideoSource(add_sound(tmp_path / "in.mkv", scene(50), "aac", begin=0.3, shift=4.0))
    copied(tmp_path / "out.mp4", source)
    assert shown(tmp_path / "in.mkv")[0].time > 3.9 and shown(tmp_path / "out.mp4")[0].time < 0.03
    assert np.allclose(sound(tmp_path / "out.mp4")[1], sound(tmp_path / "in.mkv")[1], atol=0.002)


def test_frames_of_a_folder_or_a_pattern_come_in_natural_order(tmp_path):
    pictures = scene(12)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"f{number}.png"), picture[..., ::-1])
    for given in (str(tmp_path), str(tmp_path / "f*.png")):
        source = PictureSource(pictures_of(given), 25)
        assert source.expected == 12 and source.about.rate == 25
        assert np.array_equal([frame.picture for frame in source.frames()], pictures)


def test_png_frames_are_exact(tmp_path):
    pictures = scene(3)
    written(tmp_path / "out", pictures)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["00000000.png", "00000001.png", "00000002.png"]
    assert np.array_equal([cv2.imread(str(file))[..., ::-1] for file in files], pictures)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("size", [(33, 35), (32, 35)])
def test_an_odd_side_loses_one_pixel_where_the_codec_wants_it(tmp_path, size):
    pictures = list(scene(2, size))
    assert read(written(tmp_path / "out.mp4", pictures))[0].shape == (32, 34, 3)
    assert np.array_equal(read(written(tmp_path / "out.mkv", pictures, codec="ffv1")), pictures)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_name_is_given_only_at_the_end(tmp_path, stopped):
    for name, partial in (("out.mp4", "out.partial.mp4"), ("frames", "frames.partial")):
        pictures = scene(5)
        sink = open_sink(tmp_path / name, About((96, 128), Fraction(1, 25), Fraction(25), Colour()), None, None)
        for number, picture in enumerate(pictures):
            sink.write(Frame(picture, number, 1))
        assert not (tmp_path / name).exists()
        if stopped:
            assert sink.stop() == tmp_path / partial
        else:
            sink.finish()
    names = {"out.partial.mp4", "frames.partial"} if stopped else {"out.mp4", "frames"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len(shown(tmp_path / min(names, key=lambda name: name[0] != "o"))) == 5


def test_nothing_is_left_of_what_was_stopped_before_its_first_frame(tmp_path):
    for name in ("out.mp4", "frames"):
        about = About((96, 128), Fraction(1, 25), Fraction(25), Colour())
        assert open_sink(tmp_path / name, about, None, None).stop() is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("output", "keys", "message"),
    [
        ("out.webm", {}, r"'.webm' is not written here. End it with .mp4 .m4v .mov .mkv"),
        ("out.mp4", {"codec": "prores"}, r".mp4 does not hold codec=prores. End it with .mov or .mkv"),
        ("out.mkv", {"codec": "h26"}, r"codec='h26' is not known. Did you mean 'h264'"),
        ("out.mkv", {"codec": "ffv1", "crf": 3}, "codec=ffv1 has no such setting"),
        ("out.mp4", {"crf": 99}, r"crf=99: expected 0 \(best\) to 51"),
        ("frames", {"codec": "h264"}, "is a folder of PNG frames"),
        ("there.mp4", {}, r"there.mp4 exists. Choose another name, or set overwrite=true"),
        ("photos", {"overwrite": True}, r"photos holds other files \(me.jpg\)"),
        ("earlier", {}, "earlier holds frames"),
    ],
)
def test_outputs_that_cannot_or_must_not_be_written_are_refused(tmp_path, output, keys, message):
    (tmp_path / "there.mp4").touch()
    for file in ("photos/me.jpg", "earlier/00000000.png"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).touch()
    with pytest.raises(UserError, match=message):
        check_output(tmp_path / output, **{"codec": None, "crf": None, "overwrite": False, **keys})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.mp4", r"does not exist"),
        ("empty.mp4", r"it is empty"),
        ("text.mp4", r"it is no video"),
        ("folder", r"Folder '.*folder' holds no picture"),
        ("*.png", r"No picture fits"),
        ("*/*.png", r"fits pictures of several folders"),
    ],
)
def test_inputs_that_are_none_are_refused_in_one_line(tmp_path, given, message):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video. " * 100)
    for folder in ("folder", "a", "b"):
        (tmp_path / folder).mkdir()
    for folder in "ab":
        cv2.imwrite(str(tmp_path / folder / "0.png"), scene(1)[0])
    with pytest.raises(UserError, match=message) as raised:
        open_source(str(tmp_path / given), 25)
    assert "\n" not in str(raised.value)


def test_a_damaged_video_gives_the_frames_that_are_whole_and_says_so(tmp_path, caplog):
    path = write_video(tmp_path / "in.mkv", scene(60), options={"qp": "0", "g": "10"})
    content = path.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(content[: len(content) // 2])
    times = [frame.time for frame in VideoSource(tmp_path / "cut.mkv").frames()]
    assert 20 <= len(times) <= 40 and times == sorted(set(times))
    assert "cut off, it ends at" in caplog.text


def test_a_comparison_shows_bicubic_left_of_the_line_and_sr_right_of_it():
    lr, sr = scene(1, (16, 24))[0], np.full((64, 96, 3), 77, np.uint8)
    picture = wipe(lr, sr, seconds=0.5)
    bicubic = (upsample(torch.from_numpy(lr.copy()).permute(2, 0, 1)[None] / 255, 4) * 255).round()[0].permute(1, 2, 0)
    line = int((picture[0] == 255).all(-1).argmax())
    assert 48 < line < 95
    assert np.abs(picture[:, :line].astype(int) - bicubic.numpy()[:, :line]).max() <= 1
    assert (picture[:, line + 2 :] == 77).all()
    assert np.array_equal(wipe(lr, sr, 4.5)[:, 10:], sr[:, 10:])


def test_odd_videos_are_read_right(tmp_path):
    for path, frames in make_odd(tmp_path).items():
        pictures = np.array(read(path), dtype=int)
        assert pictures.shape == frames.shape, path.name
        assert np.abs(pictures - frames).max() <= 3, path.name
