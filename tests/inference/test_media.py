"""Pictures and videos: what stands in them is what was given."""

from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
import torch
from PIL import Image

from vsr.inference.media import BAR, MediaFolder, to_uint8, write_video

NAMES = ("bicubic", "SR", "HR")


def versions(frames=4, height=40, width=50):
    generator = np.random.default_rng(0)
    return {name: generator.integers(256, size=(frames, height, width, 3), dtype=np.uint8) for name in NAMES}


def test_tensors_become_pictures_by_rounding():
    clip = torch.tensor([-0.1, 0.5, 0.998, 1.1]).view(4, 1, 1, 1).expand(4, 3, 2, 5)
    pictures = to_uint8(clip)
    assert pictures.shape == (4, 2, 5, 3) and pictures[:, 0, 0, 0].tolist() == [0, 128, 254, 255]


def test_the_picture_shows_the_three_versions_of_the_middle_frame(tmp_path):
    clips = versions()
    MediaFolder(tmp_path).write("a/clip", clips)
    picture = np.asarray(Image.open(tmp_path / "a_clip.png"))
    for index, clip in enumerate(clips.values()):
        panel = picture[BAR : BAR + 320, index * 400 : (index + 1) * 400][::8, ::8]  # 50 px enlarged to 400
        assert np.array_equal(panel, clip[2])


def test_several_generators_stand_side_by_side(tmp_path):
    clips = {name: np.full((1, 40, 50, 3), grey, np.uint8) for grey, name in enumerate(("bicubic", "a", "b", "HR"), 1)}
    MediaFolder(tmp_path).write("clip", clips)
    picture = np.asarray(Image.open(tmp_path / "clip.png"))
    assert [int(picture[BAR + 5, 400 * index + 5, 0]) for index in range(4)] == [1, 2, 3, 4]


def test_the_enlarged_part_holds_only_colours_of_its_panel(tmp_path):
    plain = {name: np.full((1, 48, 48, 3), grey, np.uint8) for name, grey in zip(NAMES, (51, 102, 153), strict=True)}
    MediaFolder(tmp_path).write("clip", plain)
    below = np.asarray(Image.open(tmp_path / "clip.png"))[BAR + 8 * 48 :]
    assert [int(below[10, index * 384 + 192, 0]) for index in range(3)] == [51, 102, 153]


def test_the_enlarged_part_is_where_bicubic_and_hr_differ(tmp_path):
    clips = {name: np.zeros((1, 96, 96, 3), np.uint8) for name in NAMES}
    clips["HR"][:, 70:80, 10:20] = 255
    MediaFolder(tmp_path).write("clip", clips)
    picture = np.asarray(Image.open(tmp_path / "clip.png"))
    assert picture[BAR + 4 * 96 :, 2 * 384 :].max() == 255  # the square is in the part of HR
    assert picture[BAR + 4 * 96 + 5, 192].max() == 0  # and bicubic's is dark


def test_the_video_has_every_frame_and_no_leftover(tmp_path):
    MediaFolder(tmp_path, fps=10).write("clip", versions(frames=5))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert stream.average_rate == 10
    assert len(frames) == 5 and frames[0].shape == (40 + BAR, 150, 3)
    assert {path.name for path in tmp_path.iterdir()} == {"clip.png", "clip.mp4"}


def test_odd_sides_are_encoded(tmp_path):
    write_video(tmp_path / "odd.mp4", [np.full((33, 35, 3), 128, np.uint8)] * 2, 25)
    with av.open(str(tmp_path / "odd.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (32, 34, 3) and abs(int(frame.mean()) - 128) <= 2


def test_long_clips_are_cut_to_a_short_video(tmp_path):
    MediaFolder(tmp_path, max_frames=3).write("clip", versions(frames=6))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3


def test_nothing_is_made_before_the_first_clip(tmp_path):
    media = MediaFolder(tmp_path / "run" / "media")
    assert not (tmp_path / "run").exists()
    media.write("clip", versions())
    assert (tmp_path / "run" / "media" / "clip.png").is_file()


def test_two_writers_of_one_clip_do_not_meet(tmp_path):
    clips = versions(frames=10)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(MediaFolder(tmp_path).write, "clip", clips) for _ in range(4)]:
            done.result()
    assert {path.name for path in tmp_path.iterdir()} == {"clip.png", "clip.mp4"}
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_a_video_that_cannot_be_written_leaves_the_old_one_and_no_part(tmp_path):
    frames = [np.zeros((32, 32, 3), np.uint8)]
    write_video(tmp_path / "clip.mp4", frames, 25)
    before = (tmp_path / "clip.mp4").read_bytes()
    with pytest.raises(ValueError):
        write_video(tmp_path / "clip.mp4", [*frames, np.zeros((32, 32), np.uint8)], 25)
    assert (tmp_path / "clip.mp4").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
