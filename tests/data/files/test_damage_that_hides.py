"""Damage that a decoder hides: frames that look whole and are not those of the file."""

import io
import random

import av
import numpy as np
import pytest
from PIL import Image

from tests.data.files.odd_and_broken import scene, write_video
from vsr.data import FrameFolder, VideoFolder
from vsr.data.broken import BrokenFileError
from vsr.errors import UserError

FRAMES, GROUP = 24, 8


@pytest.fixture(scope="module")
def flipped(tmp_path_factory):
    """H.264 with a key frame every 8 frames and no B-frames, of which four bits are flipped: by file, the frames that
    a plain decode flags as damaged. Files that it flags nothing of, or loses frames of, are left out."""
    folder = tmp_path_factory.mktemp("flipped")
    whole = write_video(
        folder / "whole.mp4",
        scene(FRAMES, (48, 64)),
        pixels="yuv420p",
        options={"g": str(GROUP), "bf": "0"},
        movflags="faststart",
    )
    content = whole.read_bytes()
    whole.unlink()
    flags = {}
    for number in range(60):
        rng, mutant = random.Random(number), bytearray(content)
        for _ in range(4):
            mutant[rng.randrange(len(content) - 2000, len(content))] ^= 1 << rng.randrange(8)
        path = folder / f"{number:02d}.mp4"
        path.write_bytes(mutant)
        damaged = decoded_flags(path)
        if len(damaged) == FRAMES and any(damaged):
            flags[path] = [index for index, flag in enumerate(damaged) if flag]
        else:
            path.unlink()
    assert len(flags) >= 15
    return folder, flags


def decoded_flags(path):
    try:
        with av.open(str(path)) as container:
            return [frame.is_corrupt for frame in container.decode(video=0)]
    except av.FFmpegError:
        return []


def refuses(clip, indices):
    try:
        clip.read(indices)
    except BrokenFileError:
        return True
    return False


def test_what_was_not_decoded_beforehand_is_not_concealed(flipped):
    folder, flags = flipped
    clips = VideoFolder(folder, cuts=False)
    assert {clip.path for clip in clips} == set(flags)
    assert all(refuses(clip, range(FRAMES)) for clip in clips)


def test_frames_predicted_from_a_damaged_one_are_damaged(flipped):
    """And the others come out. A few files differ: where the damage is in what says whether a frame is needed for
    others, the reader skips other ones than a plain decode."""
    folder, flags = flipped
    missed, lost = [], []
    for clip in VideoFolder(folder, cuts=False):
        after = {index for flag in flags[clip.path] for index in range(flag, (flag // GROUP + 1) * GROUP)}
        for index in random.Random(0).sample(range(FRAMES), FRAMES):
            (missed if index in after else lost).append(refuses(clip, [index]) != (index in after))
    assert np.mean(missed) < 0.05
    assert np.mean(lost) < 0.05


def noise(content):
    """64 bytes in the middle overwritten."""
    return content[: len(content) // 2] + random.Random(0).randbytes(64) + content[len(content) // 2 + 64 :]


@pytest.mark.parametrize(("suffix", "options"), [("PNG", {}), ("TIFF", {"compression": "tiff_lzw"})])
def test_pictures_whose_format_tells(tmp_path, suffix, options):
    speckled = (
        np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8) // 8 + scene(1, (120, 160)) // 2
    )
    encoded = io.BytesIO()
    Image.fromarray(speckled[0]).save(encoded, suffix, **options)
    picture = tmp_path / "clip" / f"0.{suffix.lower()}"
    picture.parent.mkdir()
    picture.write_bytes(encoded.getvalue())
    assert np.array_equal(FrameFolder(tmp_path)[0].read([0]), speckled)
    picture.write_bytes(noise(encoded.getvalue()))
    with pytest.raises(UserError, match=r"cannot be read: it is no picture, cut off or damaged"):
        FrameFolder(tmp_path)
