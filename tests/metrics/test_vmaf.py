import json
import subprocess

import numpy as np
import pytest
import references

from vsr.errors import UserError
from vsr.metrics import ClipScorer


@pytest.fixture
def ffmpeg():
    return pytest.importorskip("imageio_ffmpeg", reason="the extra `metrics` is not installed").get_ffmpeg_exe()


@pytest.fixture
def clips():
    return references.moving_blocks(16, 163, 201, 70)


def test_vmaf_is_that_of_the_program_on_two_files(ffmpeg, clips, tmp_path):
    scores = ClipScorer(["vmaf"]).score(*map(references.tensors, clips)).values["vmaf"]
    inputs = []
    for name, clip in zip(("sr", "hr"), clips, strict=True):
        (tmp_path / name).write_bytes(clip.tobytes())
        inputs += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "201x163", "-i", str(tmp_path / name)]
    graph = (
        "[0]scale=out_color_matrix=bt709:out_range=tv,format=yuv444p[a];"
        "[1]scale=out_color_matrix=bt709:out_range=tv,format=yuv444p[b];"
        f"[a][b]libvmaf=log_fmt=json:log_path={tmp_path / 'log'}"
    )
    subprocess.run([ffmpeg, "-loglevel", "error", *inputs, "-lavfi", graph, "-f", "null", "-"], check=True)
    theirs = [frame["metrics"]["vmaf"] for frame in json.loads((tmp_path / "log").read_text())["frames"]]
    assert scores == pytest.approx(theirs, abs=1e-3)
    assert 0 < np.mean(theirs) < 95


def test_the_folder_of_temporary_files_may_be_called_anything(ffmpeg, clips, tmp_path, monkeypatch):
    odd = tmp_path / "it's [a]:b,c"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    hr = references.tensors(clips[1])
    assert ClipScorer(["vmaf"])(hr, hr)["vmaf"] > 95


def test_equal_clips_score_high_and_in_parts_as_whole(ffmpeg, clips):
    sr, hr = map(references.tensors, clips)
    scorer = ClipScorer(["vmaf"])
    assert scorer(hr, hr)["vmaf"] > 95
    scoring = scorer.begin(5)
    for some_sr, some_hr in zip(sr.split(2), hr.split(2), strict=True):
        scoring.add(some_sr, some_hr)
    assert scoring.finish().values == scorer.score(sr, hr).values


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"vmaf needs imageio-ffmpeg: install it with `pip install -e .\[metrics\]`"):
        ClipScorer(["vmaf"])
