import pytest
from hand_made import BICUBIC, curve, record, scores, weights, write_record

from vsr.errors import UserError
from vsr.frontier import Axis, axis, trace
from vsr.metrics import METRICS

OF_BICUBIC_LR = ["FRVSR (TecoGAN-PyTorch)", "TecoGAN (TecoGAN-PyTorch)"]


def test_points_come_from_least_to_most_distortion_and_the_dominated_one_is_known(tmp_path):
    for name, psnr_y, lpips in (("gan", 28, 0.1), ("beaten", 29, 0.4), ("pixel", 30, 0.3), ("twin", 30, 0.3)):
        write_record(tmp_path / name, scores(psnr_y, lpips))
    frontier = trace([tmp_path])
    assert [point.label for point in frontier.points] == ["pixel", "twin", "beaten", "gan"]
    assert [point.label for point in frontier.best] == ["pixel", "twin", "gan"]


def test_hypervolume_is_the_area_up_to_bicubic_or_to_what_is_given(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3))
    write_record(tmp_path / "gan", scores(28, 0.1))
    write_record(tmp_path / "beyond", scores(25, 0.05))  # worse than bicubic by PSNR
    frontier = trace([tmp_path])
    assert frontier.hypervolume == pytest.approx(4 * 0.1 + 2 * 0.2)
    assert frontier.counted == (True, True, False)
    assert any("1 of 3 points are not better than bicubic" in note for note in frontier.notes)
    assert trace([tmp_path], reference=[27, 0.2]).hypervolume == pytest.approx(1 * 0.1)


def test_a_frontier_that_no_point_of_beats_the_reference_has_none_and_says_so(tmp_path):
    write_record(tmp_path / "bad", scores(25, 0.5))
    frontier = trace([tmp_path])
    assert frontier.hypervolume == 0
    assert any("hypervolume is 0" in note for note in frontier.notes)


def test_three_axes_span_a_volume(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3, tof=0.4))
    frontier = trace([tmp_path], ["psnr_y", "lpips", "tof"])
    assert frontier.hypervolume == pytest.approx(4 * 0.1 * 0.1)
    assert frontier.hull_gap is None


def test_hypervolume_bootstrap_takes_the_same_clips_for_all(tmp_path):
    """The clips lie 0.02 to either side in every model and metric. With bicubic as reference that cancels; up to a
    fixed point it does not, and the ends are draws of one clip alone: a quarter of all draws each."""
    write_record(tmp_path / "pixel", scores(30, 0.3), spread=0.02)
    moved = {clip: {m: v + s for m, v in BICUBIC.items()} for clip, s in (("city", -0.02), ("walk", 0.02))}
    write_record(tmp_path / "gan", scores(28, 0.1), spread=0.02)
    for path in tmp_path.glob("*/results.json"):
        values = scores(30, 0.3) if path.parent.name == "pixel" else scores(28, 0.1)
        write_record(path.parent, values, spread=0.02, baseline_clips={"bicubic": moved})
    assert trace([tmp_path]).hypervolume_interval == pytest.approx((0.8, 0.8))

    def area(offset):
        pixel, gan, lpips = 30 + offset - 26, 28 + offset - 26, 0.3 + offset
        return pixel * (0.4 - lpips) + gan * 0.2

    interval = trace([tmp_path], reference=[26, 0.4]).hypervolume_interval
    assert interval == pytest.approx(sorted((area(-0.02), area(0.02))))


def test_one_clip_or_an_axis_of_the_set_alone_has_no_interval_and_says_so(tmp_path):
    write_record(tmp_path / "one" / "pixel", scores(30, 0.3), clips=("city",))
    write_record(tmp_path / "two" / "pixel", scores(30, 0.3, patch_kid=0.1))
    one, two = trace([tmp_path / "one"]), trace([tmp_path / "two"], ["psnr_y", "patch_kid"])
    assert one.hypervolume_interval is None
    assert two.hypervolume_interval is None
    assert any("One clip" in note for note in one.notes)
    assert any("not every axis has a score for each clip" in note for note in two.notes)


def test_a_file_without_scores_of_single_clips_says_so(tmp_path):
    write_record(tmp_path, scores(30, 0.3), clips=())
    notes = trace([tmp_path]).notes
    assert "The files have no scores of single clips, so there are no intervals." in notes
    assert any(note.endswith("city, foliage, walk; over which ours are is not known.") for note in notes)


def test_a_point_without_a_value_is_left_out_with_the_reason(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3, patch_kid=0.1))
    write_record(tmp_path / "short", scores(28, 0.1), refused={"patch_kid": "patch_kid needs at least 100 patches."})
    write_record(tmp_path / "broken", scores(28, 0.1, patch_kid=float("nan")))
    frontier = trace([tmp_path], ["psnr_y", "patch_kid"])
    assert [point.label for point in frontier.points] == ["pixel"]
    assert "Left out short: it has no patch_kid. patch_kid needs at least 100 patches." in frontier.notes
    assert "Left out broken: it has no patch_kid." in frontier.notes


@pytest.mark.parametrize(
    ("axes", "reference", "says"),
    [
        (["psnr_y", "lpisp"], None, "'lpisp' is no metric. Did you mean 'lpips'"),
        (["psnr_y", "dists"], None, "'dists' is not in these results.* Valid: lpips, psnr_y"),
        (["psnr_y"], None, "two or three different axes"),
        (["psnr_y", "psnr_y"], None, "two or three different axes"),
        (["psnr_y", "lpips"], [26], "1 values for 2 axes"),
    ],
)
def test_axes_that_cannot_be_had_are_refused(tmp_path, axes, reference, says):
    write_record(tmp_path / "pixel", scores(30, 0.3))
    with pytest.raises(UserError, match=says):
        trace([tmp_path], axes, reference)


def test_metrics_that_no_point_has_together_are_refused(tmp_path):
    write_record(tmp_path / "a", {"psnr_y": 30})
    write_record(tmp_path / "b", {"lpips": 0.3})
    with pytest.raises(UserError, match=r"No result has psnr_y and lpips together. In them are: psnr_y, lpips"):
        trace([tmp_path])


def test_an_axis_of_ones_own_needs_a_reference_of_ones_own(tmp_path):
    wasserstein = Axis("w2", "W₂", "perception (distribution distance)", higher_is_better=False)
    write_record(tmp_path / "a", {"mse": 0.5, "w2": 0.1})
    frontier = trace([tmp_path], ["mse", wasserstein], reference=[1, 1])
    assert frontier.hypervolume == pytest.approx(0.5 * 0.9)
    with pytest.raises(UserError, match=r"no mse of bicubic. Give --reference"):
        trace([tmp_path], ["mse", wasserstein])


def test_axes_are_called_what_they_are():
    kinds = {name: axis(name).kind for name in METRICS}
    assert {name for name, kind in kinds.items() if kind.startswith("perception")} == {"patch_kid", "patch_fid", "fvd"}
    assert kinds["lpips"] == kinds["dists"] == "distortion in feature space"
    assert kinds["psnr_y"] == "distortion"
    assert kinds["tof"] == "consistency over time"


def test_two_distances_to_the_original_are_not_passed_off_as_perception(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3, patch_kid=0.1))
    assert any("No axis is a distribution distance" in note for note in trace([tmp_path]).notes)
    notes = trace([tmp_path], ["psnr_y", "patch_kid"]).notes
    assert not any("No axis is a distribution distance" in note for note in notes)


def test_a_road_is_judged_by_its_own_points_and_what_its_trainings_took(tmp_path):
    for name, psnr_y, lpips in (("pixel", 30, 0.3), ("middle", 29, 0.2), ("gan", 28, 0.1)):
        run = {"checkpoint": str(tmp_path / name / "checkpoints" / "last.ckpt"), "training_seconds": 1800.0}
        write_record(tmp_path / name, scores(psnr_y, lpips), **run)
    ends = [str(tmp_path / "pixel"), str(tmp_path / "gan" / "checkpoints" / "last.ckpt")]
    for alpha in (0, 0.5, 1):
        own = {"curve": curve(alpha, of=ends), "training_seconds": 3600.0}
        write_record(tmp_path / f"alpha_{alpha}", scores(30 - 2 * alpha, round(0.3 - 0.2 * alpha**2, 6)), **own)
    frontier = trace([tmp_path])
    trained, interpolated = frontier.roads
    assert (trained.road.name, interpolated.road.name) == ("training", "weights interpolation")
    assert trained.hypervolume == pytest.approx(4 * 0.1 + 3 * 0.1 + 2 * 0.1)
    assert trained.hypervolume_per_hour == pytest.approx(0.9 / 1.5)
    assert interpolated.hypervolume == pytest.approx(4 * 0.1 + 3 * 0.05 + 2 * 0.15)
    assert interpolated.hypervolume_per_hour == pytest.approx(0.85 / 1.0)
    assert (trained.on_frontier, interpolated.on_frontier) == (3, 2)
    assert frontier.hypervolume_per_hour == pytest.approx(0.9 / 1.5)  # the curve's trainings are among the others


def test_a_curve_without_its_ends_costs_what_its_file_says(tmp_path):
    for alpha in (0, 1):
        write_record(tmp_path / f"alpha_{alpha}", scores(30 - alpha, 0.3), curve=curve(alpha), training_seconds=7200.0)
    assert trace([tmp_path]).hypervolume_per_hour == pytest.approx(0.4 / 2)


def test_an_unknown_training_time_gives_no_rate_and_is_said(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3), training_seconds=10.0)
    write_record(tmp_path / "asset", scores(29, 0.2))
    frontier = trace([tmp_path])
    assert frontier.hypervolume_per_hour is None
    assert any("training time" in note for note in frontier.notes)


@pytest.mark.parametrize(
    ("changes", "methods", "note"),
    [
        ({}, OF_BICUBIC_LR, "calendar, city, foliage, walk; ours over city"),
        ({"clips": ("calendar", "city", "foliage", "walk")}, OF_BICUBIC_LR, ""),
        ({"protocol": "plain"}, [], "are of protocol tecogan and not drawn"),
        ({"degradation": "blur_subsample_matlab"}, [], ""),
        ({"dataset": "sample"}, [], ""),
        ({"scale": 2}, [], ""),
    ],
)
def test_published_points_are_drawn_only_where_they_compare(tmp_path, changes, methods, note):
    write_record(tmp_path / "pixel", scores(30, 0.3), **changes)
    frontier = trace([tmp_path])
    assert [point.method for point in frontier.published] == methods
    told = [text for text in frontier.notes if "ublished" in text]
    assert len(told) == bool(note)
    assert all(note in text for text in told)


def test_published_points_have_values_sources_and_clips(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3), degradation="blur_subsample_tecogan")
    published = trace([tmp_path]).published
    values = {point.method: point.values for point in published}
    assert values["TecoGAN (authors' weights)"] == {"psnr_y": 25.57, "lpips": 0.162, "tof": 0.19, "tlpips": 0.668}
    assert len(values) == 5
    assert all(point.source and len(point.clips) == 4 for point in published)


def test_random_weights_are_owned_up_to(tmp_path):
    write_record(tmp_path / "pixel", scores(30, 0.3), random_weights=["metrics"], loss_weights=weights())
    assert "RANDOM weights, for tests only." in trace([tmp_path]).notes
    assert record(scores(30, 0.3))["random_weights"] == []
