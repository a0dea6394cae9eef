import pickle

import cv2
import numpy as np
import pytest

from vsr.data import FrameFolder, VideoFolder
from vsr.errors import UserError

RED = (10, 20, 230)  # BGR, as OpenCV writes


def write_picture(path, colour=RED, size=(20, 30), channels=3, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((*size, channels), dtype)
    picture[:] = colour
    assert cv2.imwrite(str(path), picture)


def test_every_folder_with_pictures_is_a_clip(tmp_path):
    root = tmp_path / "footage"
    for name in ("a.png", "city/b.png", "deep/street2/c.png", "deep/street10/c.png", ".cache/d.png"):
        write_picture(root / name)
    (root / "empty").mkdir()
    assert [clip.name for clip in FrameFolder(root)] == ["footage", "city", "deep/street2", "deep/street10"]


def test_frames_come_in_the_order_of_their_numbers_as_rgb(tmp_path):
    for number in (0, 1, 2, 9, 10, 11):
        write_picture(tmp_path / f"frame{number}.png", (number, 20, 230))
    (clip,) = FrameFolder(tmp_path)
    assert (clip.length, clip.size) == (6, (20, 30))
    frames = clip.read(range(6))
    assert frames.shape == (6, 20, 30, 3)
    assert frames[:, 5, 5, 2].tolist() == [0, 1, 2, 9, 10, 11]
    assert frames[0, 0, 0, :2].tolist() == [230, 20]
    assert np.array_equal(clip.read([4, 0]), frames[[4, 0]])


def test_jpeg_webp_grey_alpha_and_16_bit_become_8_bit_rgb(tmp_path):
    write_picture(tmp_path / "0.jpg", (90, 90, 90))
    write_picture(tmp_path / "1.WEBP", (90, 90, 90))
    write_picture(tmp_path / "2.png", 90, channels=1)
    write_picture(tmp_path / "3.png", (90, 90, 90, 0), channels=4)
    write_picture(tmp_path / "4.png", 90 * 257, dtype=np.uint16)
    (clip,) = FrameFolder(tmp_path)
    frames = clip.read(range(5))
    assert frames.shape == (5, 20, 30, 3)
    assert np.abs(frames.astype(int) - 90).max() <= 2


def test_unequal_sizes_are_refused(tmp_path):
    write_picture(tmp_path / "city" / "0.png")
    write_picture(tmp_path / "city" / "1.png", size=(22, 30))
    with pytest.raises(UserError, match=r"1\.png' is 30x22, the first of its folder 30x20"):
        FrameFolder(tmp_path)


def test_a_clip_travels_light(tmp_path):
    for number in range(60):
        write_picture(tmp_path / "city" / f"{number}.png")
    (clip,) = FrameFolder(tmp_path)
    sent = pickle.dumps(clip)
    assert len(sent) < 1500
    assert np.array_equal(pickle.loads(sent).read([59]), clip.read([59]))


def test_a_folder_that_contains_itself_is_read_once(tmp_path):
    write_picture(tmp_path / "root" / "city" / "0.png")
    (tmp_path / "root" / "city" / "loop").symlink_to(tmp_path / "root")
    assert [clip.name for clip in FrameFolder(tmp_path / "root")] == ["city"]


def test_missing_and_empty_folders_name_the_remedy(tmp_path):
    with pytest.raises(UserError, match=r"No data folder was given. Set data.root=FOLDER"):
        FrameFolder(None)
    with pytest.raises(UserError, match=r"absent' does not exist. Set data.root=FOLDER"):
        FrameFolder(tmp_path / "absent")
    with pytest.raises(UserError, match=r"holds no png jpg jpeg webp bmp tif tiff file. Set data.root=FOLDER"):
        FrameFolder(tmp_path)


def test_two_clips_of_one_name_are_refused(tmp_path):
    write_picture(tmp_path / "city" / "0.png")
    write_picture(tmp_path / "city" / "city" / "0.png")
    with pytest.raises(UserError, match=r"2 clips are called 'city'"):
        FrameFolder(tmp_path / "city")


def test_digits_that_are_no_numbers_are_letters(tmp_path):
    for name in ("10", "3²", "3"):
        write_picture(tmp_path / name / "0.png")
    assert [clip.name for clip in FrameFolder(tmp_path)] == ["3", "3²", "10"]


def test_a_folder_of_the_other_kind_is_recognised(tmp_path):
    (tmp_path / "videos" / "deep").mkdir(parents=True)
    (tmp_path / "videos" / "deep" / "a.MP4").write_bytes(b"")
    with pytest.raises(UserError, match=r"but videos: take data=video_folder"):
        FrameFolder(tmp_path / "videos")
    write_picture(tmp_path / "frames" / "0.png")
    with pytest.raises(UserError, match=r"but pictures: take data=frame_folder"):
        VideoFolder(tmp_path / "frames")


def test_what_is_examined_is_said_in_words(tmp_path, caplog):
    write_picture(tmp_path / "frames" / "0.png")
    caplog.set_level("INFO")
    FrameFolder(tmp_path / "frames", cuts=False)
    assert "examining 1 of 1 folders of frames" in caplog.text
