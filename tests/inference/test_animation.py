"""GIFs of videos."""

import io

import numpy as np
from PIL import Image, ImageSequence

from vsr.inference.animation import animation
from vsr.inference.media import write_video


def test_frames_speed_and_colours_are_those_of_the_video(tmp_path):
    greys = [40, 120, 200]
    write_video(tmp_path / "clip.mp4", [np.full((32, 64, 3), grey, np.uint8) for grey in greys], 10)
    made = animation(tmp_path / "clip.mp4")
    picture = Image.open(io.BytesIO(made.gif))
    frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)]
    assert [frame.shape for frame in frames] == [(32, 64, 3)] * 3 and (made.width, made.height) == (64, 32)
    assert np.allclose([frame.mean() for frame in frames], greys, atol=4)  # H.264 and a palette
    assert picture.info["duration"] == 100


def test_a_long_wide_video_becomes_a_short_narrow_picture(tmp_path):
    noise = np.random.default_rng(0)
    frames = [noise.integers(0, 256, (40, 80, 3), np.uint8) for _ in range(5)]
    write_video(tmp_path / "clip.mp4", frames, 25)
    made = animation(tmp_path / "clip.mp4", max_frames=2, max_width=40)
    picture = Image.open(io.BytesIO(made.gif))
    assert picture.n_frames == 2 and picture.size == (40, 20)
