import pickle
import struct
from dataclasses import replace

import av
import numpy as np
import pytest

from tests.data.files.odd_and_broken import scene
from tests.data.files.odd_and_broken import write_video as encode
from vsr.data import VideoClip, VideoFolder
from vsr.data.files.decord_reader import DecordReader
from vsr.errors import UserError

LEVELS = [10 * number + 8 for number in range(24)]


def write_video(path, levels=LEVELS, size=(48, 64)):
    """Uniform grey frames, red on the left half, in one long group of pictures with B-frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1", "g": "250", "bf": "3"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for level in levels:
            picture = np.full((*size, 3), level, np.uint8)
            picture[:, : size[1] // 2] = (200, 30, 30)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("keep_in_memory", [False, True])
def test_any_frame_in_any_order(tmp_path, keep_in_memory):
    clip = VideoClip(write_video(tmp_path / "ramp.mp4"), keep_in_memory)
    assert (clip.name, clip.length, clip.size) == ("ramp", 24, (48, 64))
    for indices in ([17, 3, 3, 23], range(5, 9), [0]):
        frames = clip.read(indices)
        assert frames.shape == (len(indices), 48, 64, 3)
        assert frames.dtype == np.uint8
        wanted = np.array([LEVELS[index] for index in indices])
        assert np.abs(frames[:, :, 40:].mean(axis=(1, 2, 3)) - wanted).max() < 3
        assert np.abs(frames[:, :, 4:24].mean(axis=(0, 1, 2)) - (200, 30, 30)).max() < 8  # RGB, not BGR


def test_a_clip_travels_to_a_worker_without_its_decoder_or_frames(tmp_path):
    clip = VideoClip(write_video(tmp_path / "ramp.mp4"), keep_in_memory=True)
    before = clip.read([7])
    sent = pickle.dumps(clip)
    assert len(sent) < 2000
    assert np.array_equal(pickle.loads(sent).read([7]), before)


def test_folder_is_read_at_any_depth_in_natural_order(tmp_path):
    for name in ("take10.mp4", "take2.mkv", "deep/er/sea.mov", ".hidden.mp4", "same.mp4", "same.avi"):
        write_video(tmp_path / name, levels=[50, 60])
    (tmp_path / "notes.txt").write_text("no video")
    names = [clip.name for clip in VideoFolder(tmp_path)]
    assert names == ["same.avi", "same.mp4", "take2", "take10", "deep/er/sea"]


def test_a_file_that_is_no_video_is_named(tmp_path, capfd):
    (tmp_path / "broken.mp4").write_bytes(b"this is no video" * 100)
    with pytest.raises(UserError, match=r"broken\.mp4' cannot be read"):
        VideoFolder(tmp_path)
    with pytest.raises(UserError, match=r"absent\.mp4' does not exist"):
        VideoClip(tmp_path / "absent.mp4")


def test_a_cut_off_file_is_named(tmp_path):
    whole = write_video(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"half\.mp4"):
        VideoClip(tmp_path / "half.mp4")


@pytest.mark.parametrize("root", [None, "absent", "."])
def test_folder_without_videos_names_the_remedy(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to .* mp4 m4v mov|holds no mp4"):
        VideoFolder(root)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("open_groups.mp4", "libx264", {"x264-params": "keyint=10:open-gop=1:bframes=3:scenecut=0"}),
        ("open_groups.mkv", "libx265", {"x265-params": "keyint=10:open-gop=1:log-level=none"}),
        ("mpeg2.mp4", "mpeg2video", {"g": "10", "bf": "2"}),
        ("b_frames.avi", "mpeg4", {"g": "5", "bf": "2"}),
        ("stream.ts", "libx264", {"g": "10", "bf": "2"}),
        ("program.mpg", "mpeg2video", {"g": "12", "bf": "2"}),
        ("groups.webm", "libvpx-vp9", {"g": "10", "lag-in-frames": "16", "crf": "30"}),
        ("closed_groups.mp4", "libx264", {"g": "10", "bf": "3"}),
    ],
)
@pytest.mark.parametrize("decoder", ["as examined", "pyav"])
def test_any_order_gives_the_frames_of_a_plain_decode(tmp_path, name, codec, options, decoder):
    path = encode(tmp_path / name, scene(40, (48, 64)), codec, "yuv420p", options)
    with av.open(str(path)) as container:
        wanted = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    (clip,) = VideoFolder(path)
    if decoder == "pyav":
        clip = VideoClip(path, facts=replace(clip._facts, decoder="pyav"))
    assert clip.length == len(wanted)
    rng = np.random.default_rng(0)
    for start in rng.integers(33, size=12).tolist():
        for indices in (range(start, start + 7), rng.integers(40, size=4).tolist()):
            assert np.array_equal(clip.read(indices), wanted[list(indices)])


def test_a_reader_that_gives_other_frames_is_not_used(tmp_path, monkeypatch):
    path = encode(tmp_path / "clip.mp4", scene(20, (48, 64)))
    assert VideoFolder(path)[0]._facts.decoder == "decord"
    read = DecordReader.read
    monkeypatch.setattr(DecordReader, "read", lambda self, indices, window: read(self, [0] * len(indices), window))
    (clip,) = VideoFolder(path)
    assert np.abs(clip.read([15]).astype(int) - scene(20, (48, 64))[15]).max() <= 2


def test_frames_that_an_edit_list_leaves_out_are_no_frames(tmp_path):
    source = scene(20, (48, 64))
    path = encode(tmp_path / "clip.mp4", source, options={"qp": "0", "bf": "0"})
    content = bytearray(path.read_bytes())
    place = content.index(b"elst") + 12
    milliseconds, start, rate = struct.unpack(">iii", content[place : place + 12])
    content[place : place + 12] = struct.pack(">iii", milliseconds - 5 * 40, start + 5 * 512, rate)  # 1/12800 s
    path.write_bytes(content)
    for cuts in (True, False):
        (clip,) = VideoFolder(path, cuts=cuts)
        assert clip.length == 15
        assert np.abs(clip.read([0, 14]).astype(int) - source[[5, 19]]).max() <= 2


def test_a_stream_joined_in_the_middle_begins_at_its_first_key_frame(tmp_path):
    source = scene(40, (48, 64))
    path = encode(tmp_path / "clip.ts", source, options={"qp": "0", "g": "10", "bf": "2"})
    content = path.read_bytes()
    path.write_bytes(content[len(content) // 8 // 188 * 188 :])
    (clip,) = VideoFolder(path)
    assert clip.length == 30
    assert np.abs(clip.read([29, 0]).astype(int) - source[[39, 10]]).max() <= 2


def test_the_decoder_can_be_chosen(tmp_path, monkeypatch):
    source = scene(6)
    path = encode(tmp_path / "a.mp4", source)
    monkeypatch.setattr("vsr.data.files.video_readers.DecordReader", None)
    (clip,) = VideoFolder(path, decoder="pyav")
    assert np.abs(clip.read([4, 1]).astype(int) - source[[4, 1]]).max() <= 2
    with pytest.raises(UserError, match=r"decoder='opencv' is not known. Valid: decord, pyav"):
        VideoFolder(path, decoder="opencv")
