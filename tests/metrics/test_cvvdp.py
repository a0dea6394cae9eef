import numpy as np
import pytest
import references

from vsr.errors import UserError
from vsr.metrics import ClipScorer


@pytest.fixture
def pycvvdp():
    return pytest.importorskip("pycvvdp", reason="the extra `metrics` is not installed")


@pytest.fixture
def clips():
    return references.moving_blocks(8, 80, 96, 30)


def test_cvvdp_is_that_of_the_package_with_its_value_at_the_end_of_the_clip(pycvvdp, clips):
    scores = ClipScorer(["cvvdp"]).score(*map(references.tensors, clips)).values["cvvdp"]
    metric = pycvvdp.cvvdp(display_name="standard_fhd", quiet=True)
    theirs, _ = metric.predict(*clips, dim_order="FHWC", frames_per_second=30)
    assert scores[:-1] == [None] * 4
    assert scores[-1] == pytest.approx(float(theirs), abs=1e-4)
    assert 3 < float(theirs) < 9.5


def test_equal_clips_do_not_differ_visibly_and_parts_are_as_the_whole(pycvvdp, clips):
    sr, hr = map(references.tensors, clips)
    scorer = ClipScorer(["cvvdp"])
    assert scorer(hr, hr)["cvvdp"] == pytest.approx(10)
    scoring = scorer.begin(5)
    for some_sr, some_hr in zip(sr.split(2), hr.split(2), strict=True):
        scoring.add(some_sr, some_hr)
    assert scoring.finish().values == scorer.score(sr, hr).values


def test_flicker_costs_though_each_frame_is_as_good(pycvvdp):
    hr = np.full((12, 64, 64, 3), 128, np.uint8)
    steady = hr + np.uint8(3)
    flickering = np.where(np.arange(12)[:, None, None, None] % 2, hr - np.uint8(3), steady)
    scorer = ClipScorer(["cvvdp", "mse"])
    still, alternating = (scorer(*map(references.tensors, (sr, hr))) for sr in (steady, flickering))
    assert still["mse"] == pytest.approx(alternating["mse"], rel=1e-4)
    assert alternating["cvvdp"] < still["cvvdp"] - 0.1


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"cvvdp needs its package: install it with `pip install -e .\[metrics\]`"):
        ClipScorer(["cvvdp"])
