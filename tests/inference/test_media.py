"""Pictures and videos: what stands in them is what was given."""

from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
import torch
from PIL import Image

from vsr.inference.media import BAR, MediaFolder, to_uint8, write_video

NAMES = ("bicubic", "SR", "HR")
WRITTEN = {"clip.png", "clip.mp4"} | {f"clip/{name}.{kind}" for name in NAMES for kind in ("png", "webp")}


def versions(frames=4, height=40, width=50):
    generator = np.random.default_rng(0)
    return {name: generator.integers(256, size=(frames, height, width, 3), dtype=np.uint8) for name in NAMES}


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


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


def test_clips_whose_names_would_meet_have_files_of_their_own(tmp_path):
    folder = MediaFolder(tmp_path)
    names = ["a/b", "a_b", "a/b"]
    assert [folder.paths(name)[0].name for name in names] == ["a_b.png", "a_b-2.png", "a_b.png"]


def test_several_generators_stand_side_by_side(tmp_path):
    clips = {name: np.full((1, 40, 50, 3), grey, np.uint8) for grey, name in enumerate(("bicubic", "a", "b", "HR"), 1)}
    MediaFolder(tmp_path).write("clip", clips)
    picture = np.asarray(Image.open(tmp_path / "clip.png"))
    assert [int(picture[BAR + 5, 400 * index + 5, 0]) for index in range(4)] == [1, 2, 3, 4]


def test_of_many_generators_some_stand_side_by_side_and_all_by_themselves(tmp_path):
    names = ["bicubic", *map(str, range(11)), "HR"]
    clips = {name: np.full((2, 40, 50, 3), grey, np.uint8) for grey, name in enumerate(names)}
    media = MediaFolder(tmp_path).write("clip", clips)
    picture = np.asarray(Image.open(tmp_path / "clip.png"))
    shown = [names[picture[BAR + 5, left, 0]] for left in range(5, picture.shape[1], 400)]
    assert shown == ["bicubic", "0", "3", "7", "10", "HR"]
    assert list(media.stills) == list(media.moving) == names
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].width == 6 * 50


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
    assert files(tmp_path) == WRITTEN


def test_odd_sides_are_encoded(tmp_path):
    write_video(tmp_path / "odd.mp4", [np.full((33, 35, 3), 128, np.uint8)] * 2, 25)
    with av.open(str(tmp_path / "odd.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (32, 34, 3) and abs(int(frame.mean()) - 128) <= 2


def test_each_version_has_its_frame_unchanged(tmp_path):
    clips = versions()
    media = MediaFolder(tmp_path).write("clip", clips)
    for name, clip in clips.items():
        assert np.array_equal(np.asarray(Image.open(media.stills[name])), clip[media.frame])
    assert media.frame == 2


def test_each_version_moves_in_the_crop_about_the_frame_of_the_stills(tmp_path):
    clips = {name: np.zeros((60, 96, 96, 3), np.uint8) for name in NAMES}
    clips["HR"][:, 64:, :32] = 4 * np.arange(60, dtype=np.uint8)[:, None, None, None]
    media = MediaFolder(tmp_path, fps=10).write("clip", clips)
    assert (media.frame, media.crop) == (30, (64, 0, 32))
    with Image.open(media.moving["HR"]) as moving:
        assert moving.size == (32, 32) and moving.n_frames == 24 and moving.info["loop"] == 0
        shown = []
        for number in range(moving.n_frames):
            moving.seek(number)
            shown.append(np.asarray(moving.convert("RGB")).mean() / 4)
        assert moving.info["duration"] == 100
    assert shown == pytest.approx(range(18, 42), abs=0.75)  # lossy


def test_a_still_clip_is_a_moving_picture_of_one_frame(tmp_path):
    media = MediaFolder(tmp_path).write("clip", versions(frames=1))
    with Image.open(media.moving["SR"]) as moving:
        assert getattr(moving, "n_frames", 1) == 1


def test_crops_of_large_frames_are_small_enough_to_show_side_by_side(tmp_path):
    grey = {name: np.full((1, 1080, 960, 3), value, np.uint8) for name, value in zip(NAMES, (1, 2, 3), strict=True)}
    assert MediaFolder(tmp_path).write("clip", grey).crop[2] == 256


def test_the_record_points_from_the_results_to_the_files(tmp_path):
    results = tmp_path / "a_run"
    record = MediaFolder(tmp_path / "media").write("a/clip", versions()).record("SR", results)
    assert record["frame"] == 2 and set(record["crop"]) == {"top", "left", "side"}
    for kind in ("stills", "moving"):
        named = {name: (results.resolve() / path).resolve() for name, path in record[kind].items()}
        assert {name: path.stem for name, path in named.items()} == {"bicubic": "bicubic", "sr": "SR", "hr": "HR"}
        assert all(path.is_relative_to(tmp_path / "media" / "a_clip") for path in named.values())
    assert record["video"] == "../media/a_clip.mp4"


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
    assert files(tmp_path) == WRITTEN
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
