"""What the machine refuses today is not held against a file tomorrow."""

import errno
import gc
import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.data.files.odd_and_broken import scene, write_video
from vsr.data import FrameFolder, VideoClip, VideoFolder
from vsr.data.broken import BrokenFileError
from vsr.data.files import video, video_readers
from vsr.errors import UserError

FAULTS = [
    (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "too many open files"),
    (OSError(errno.EIO, os.strerror(errno.EIO)), "input/output error"),
    (OSError(errno.ESTALE, os.strerror(errno.ESTALE)), "stale file handle"),
    (MemoryError(), "out of memory"),
    (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "permission denied"),
]


def refusing(error):
    def refuse(*args, **kwargs):
        raise error

    return refuse


@pytest.mark.parametrize(("error", "said"), FAULTS)
@pytest.mark.parametrize("cuts", [True, False])
def test_a_video_is_examined_again(tmp_path, monkeypatch, error, said, cuts):
    path = write_video(tmp_path / "clip.mp4", scene(6, (48, 64)))
    with monkeypatch.context() as patch:
        patch.setattr("vsr.data.files.video_examination.av.open", refusing(error))
        with pytest.raises(UserError, match=rf"clip\.mp4' .*{said}"):
            VideoFolder(path, index=tmp_path / "index", cuts=cuts)
    assert VideoFolder(path, index=tmp_path / "index", cuts=cuts)[0].length == 6


@pytest.mark.parametrize(("error", "said"), FAULTS)
@pytest.mark.parametrize("call", ["pathlib.Path.read_bytes", "PIL.Image.open"])
def test_a_picture_is_examined_again(tmp_path, monkeypatch, error, said, call):
    (tmp_path / "clip").mkdir()
    Image.fromarray(scene(1, (48, 64))[0]).save(tmp_path / "clip" / "0.png")
    with monkeypatch.context() as patch:
        patch.setattr(call, refusing(error))
        with pytest.raises(UserError, match=rf"0\.png' cannot be read now \({said}\)"):
            FrameFolder(tmp_path / "clip", index=tmp_path / "index")
    assert FrameFolder(tmp_path / "clip", index=tmp_path / "index")[0].length == 1


def test_a_fault_while_decoding_is_no_damage(tmp_path, monkeypatch):
    """Memory runs out in the survey, or in a reader that is tried: decord, and PyAV for an odd size."""
    even = write_video(tmp_path / "even.mp4", scene(6, (48, 64)))
    odd = write_video(tmp_path / "odd.mkv", scene(6, (47, 63)))
    for path, place in ((even, "Samples.add"), (even, "DecordReader.read"), (odd, "PyAVReader.read")):
        with monkeypatch.context() as patch:
            patch.setattr(f"vsr.data.files.video_examination.{place}", refusing(MemoryError()))
            with pytest.raises(UserError, match=rf"{path.name}' cannot be read now \(out of memory\)"):
                VideoFolder(path)


def test_a_reader_outlives_a_fault(tmp_path, monkeypatch):
    path = write_video(tmp_path / "clip.mp4", scene(12, (48, 64)), options={"qp": "0", "g": "4"})
    (clip,) = VideoFolder(path, decoder="pyav")
    wanted = clip.read(range(12))
    with monkeypatch.context() as patch:
        patch.setattr("vsr.data.files.pyav_reader.av.open", refusing(FAULTS[0][0]))
        with pytest.raises(BrokenFileError, match=r"clip\.mp4' cannot be read now \(too many open files\)"):
            clip.read([0])
    assert np.array_equal(clip.read([9, 0]), wanted[[9, 0]])


def test_another_decoder_may_know_a_file_that_this_one_does_not(tmp_path, monkeypatch):
    path = write_video(tmp_path / "clip.mp4", scene(6, (48, 64)))
    with monkeypatch.context() as patch:
        patch.setattr("vsr.data.files.video_examination.av.open", refusing(av.error.DecoderNotFoundError(1, "none")))
        for _ in range(2):
            with pytest.raises(UserError):
                VideoFolder(path, index=tmp_path / "index")
    with pytest.raises(UserError):
        VideoFolder(path, index=tmp_path / "index")
    monkeypatch.setattr("av.__version__", "99.0.0")
    assert VideoFolder(path, index=tmp_path / "index")[0].length == 6


def test_a_video_that_vanishes_after_its_examination_is_one_broken_file(tmp_path, monkeypatch):
    for name in "abc":
        write_video(tmp_path / f"{name}.mp4", scene(3, (48, 64)))

    def examine_then_lose(*args):
        found = examine_all(*args)
        (tmp_path / "b.mp4").unlink()
        return found

    examine_all = video.examine_all
    monkeypatch.setattr(video, "examine_all", examine_then_lose)
    clips = VideoFolder(tmp_path, max_broken=0.5)
    assert [clip.name for clip in clips] == ["a", "c"]
    assert [file.path for file in clips.broken] == [str(tmp_path / "b.mp4")]


@pytest.mark.parametrize("decoder", ["decord", "pyav"])
def test_readers_that_are_put_away_close_their_files(tmp_path, decoder):
    """Without the collector of cycles, which may come late: hundreds of files would be open by then."""
    first = write_video(tmp_path / "0.mp4", scene(12, (48, 64)), pixels="yuv420p", options={"g": "4"})
    paths = [first]
    for number in range(1, 60):
        paths.append(tmp_path / f"{number}.mp4")
        os.link(first, paths[-1])
    facts = VideoFolder(first, decoder=decoder)[0]._facts
    clips = [VideoClip(path, facts=facts) for path in paths]
    video_readers.reader_of.cache_clear()
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    gc.disable()
    try:
        for clip in clips:
            clip.read([9, 2, 7])
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + video_readers.OPEN
    finally:
        gc.enable()
