import itertools

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data.files.odd_and_broken import write_video
from vsr.data import FrameFolder, VideoFolder
from vsr.data.files.scene_cuts import THUMBNAIL, scene_cuts


def drifting(frames, seed, speed=0.4):
    """Thumbnails of a coloured texture that drifts."""
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.uniform(0, 1, (40, 400, 3)), (0, 0), 2)
    texture = (texture - texture.min((0, 1))) / np.ptp(texture, (0, 1)) * rng.uniform(100, 255, 3)
    return [
        cv2.warpAffine(texture, np.float32([[1, 0, -speed * t], [0, 1, -8]]), THUMBNAIL[::-1]).astype(np.uint8)
        for t in range(frames)
    ]


@pytest.mark.parametrize("length", [5, 12, 25])
def test_every_hard_cut_is_found_and_nothing_else(length):
    shots = [drifting(length, seed) for seed in range(8)]
    assert scene_cuts(itertools.chain(*shots)) == [length * number for number in range(1, 8)]


@pytest.mark.parametrize("speed", [0.0, 2.0, 6.0])
def test_motion_is_no_cut(speed):
    assert scene_cuts(drifting(40, 0, speed)) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length):
    frames = np.array(drifting(20, 0)) // 2
    frames[8 : 8 + length] = np.minimum(255, frames[8 : 8 + length].astype(int) + 120)
    assert scene_cuts(frames) == []


def test_frames_shown_twice_are_no_cuts():
    assert scene_cuts(frame for frame in drifting(20, 0, 3.0) for _ in range(2)) == []


def test_a_fade_is_no_cut():
    frames = np.array(drifting(24, 0))
    assert scene_cuts((frames * np.linspace(1, 0, 24)[:, None, None, None]).astype(np.uint8)) == []


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_few_frames(frames):
    assert scene_cuts(drifting(frames, 0)) == []


def test_sources_give_the_cuts_of_their_clips(tmp_path):
    shots = [np.stack([cv2.resize(frame, (128, 72)) for frame in drifting(6, seed)]) for seed in (1, 2, 3)]
    film = np.concatenate(shots)
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(film):
        Image.fromarray(frame).save(tmp_path / "frames" / f"{number}.png")
    write_video(tmp_path / "videos" / "film.mp4", film, pixels="yuv420p", options={"crf": "23", "g": "250"})
    for source, folder in ((VideoFolder, "videos"), (FrameFolder, "frames")):
        assert list(source(tmp_path / folder)[0].cuts) == [6, 12]
        assert list(source(tmp_path / folder, cuts=False)[0].cuts) == []


def real_thumbnails(folder):
    pictures = (cv2.imread(str(file)) for file in sorted(folder.glob("*.png")))
    return [cv2.resize(picture, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA) for picture in pictures]


def test_real_clips(test_data):
    """None within any of 14 clips, also at twice and thrice their speed; the one where two of them meet."""
    clips = [real_thumbnails(folder) for folder in sorted((test_data / "clips").iterdir())]
    assert len(clips) == 14
    assert [scene_cuts(clip[::speed]) for clip in clips for speed in (1, 2, 3)] == [[]] * 42
    for one, other in itertools.permutations(clips, 2):
        assert scene_cuts(one[:8] + other[:8]) == [8]
