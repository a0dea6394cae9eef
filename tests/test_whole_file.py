"""What a full disk leaves behind."""

import contextlib
import resource

import numpy as np
import pytest

from vsr.errors import UserError
from vsr.inference.media import write_video
from vsr.whole_file import append, remove_scratch, whole_file


@contextlib.contextmanager
def full_disk(room):
    """No file grows beyond ``room`` bytes, as on a disk with so much room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_file_before_stays_where_the_new_one_does_not_fit(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("before")
    error = pytest.raises(UserError, match=r"results\.json could not be written \(File too large\).*output_dir=DIR")
    with error, full_disk(5000), whole_file(path) as part:
        part.write_bytes(bytes(10_000))
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_line_is_appended_whole_or_not_at_all(tmp_path):
    path = tmp_path / "metrics.csv"
    append(path, "step,loss\n")
    with pytest.raises(UserError, match=r"metrics\.csv could not be written"), full_disk(15):
        append(path, "1,0.123456\n")
    append(path, "1,0.\n")
    assert path.read_text() == "step,loss\n1,0.\n"


def test_a_video_that_does_not_fit_is_not_left_half_written(tmp_path):
    frames = list(np.random.default_rng(0).integers(0, 255, (8, 96, 96, 3), dtype=np.uint8))
    with pytest.raises(UserError, match=r"clip\.mp4 could not be written"), full_disk(20_000):
        write_video(tmp_path / "clip.mp4", frames, fps=25)
    assert not list(tmp_path.iterdir())


def test_an_error_in_the_block_is_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "file"):
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_only_the_leftovers_of_whole_files_are_cleared_away(tmp_path):
    others = [tmp_path / ".mine.part", tmp_path / "last.ckpt"]
    for other in others:
        other.write_text("keep")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "last.ckpt") as part:
        leftover = part.name
        raise KeyboardInterrupt
    (tmp_path / leftover).write_text("half")
    remove_scratch(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
