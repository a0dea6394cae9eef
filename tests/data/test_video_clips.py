import pickle

import av
import numpy as np
import pytest

from vsr.data import VideoClip, VideoFolder
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
    with pytest.raises(UserError, match=r"Set data.root=FOLDER to .* mp4 mkv webm mov avi|holds no mp4"):
        VideoFolder(root)
