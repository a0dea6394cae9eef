import json
import os
from pathlib import Path

import pytest
from hand_made import curve, record, scores, weights, write_record

from vsr.errors import UserError
from vsr.frontier.collect import collect

PIXEL, GAN = scores(30.0, 0.30), scores(28.0, 0.10)


def labels(collected):
    return [point.label for point in collected.points]


def test_results_at_any_depth_and_files_themselves_are_found_once_each(tmp_path):
    write_record(tmp_path / "a", PIXEL)
    write_record(tmp_path / "deeper" / "still" / "b", GAN)
    file = write_record(tmp_path / "c", GAN)
    assert labels(collect([tmp_path])) == ["a", "c", "b"]
    assert labels(collect([file, tmp_path, tmp_path / "a"])) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dataset": "reds4"}, "dataset is vid4 in the one and reds4 in the other. Choose with --only dataset=vid4"),
        ({"protocol": "plain"}, "protocol is tecogan .* plain .* --only protocol=tecogan"),
        ({"scale": 2}, "scale is 4 .* 2"),
        ({"degradation": "blur_subsample_matlab"}, "degradation is bicubic .* blur_subsample_matlab"),
        ({"clips": ("city",)}, "only one of them is of walk"),
        ({"frames": {"city": 30, "walk": 31}}, "30 and 31 frames of walk"),
        ({"random_weights": ["metrics"]}, "the second is of random weights"),
        ({"baseline": {"bicubic": {"lpips": 0.41}}}, "bicubic's lpips is 0.4 and 0.41"),
        ({"baseline": {"bicubic": {"psnr_y": 26.05}}}, "bicubic's psnr_y is 26 and 26.05"),
    ],
)
def test_what_was_not_scored_alike_is_refused_naming_both_files(tmp_path, changes, says):
    files = write_record(tmp_path / "a", PIXEL), write_record(tmp_path / "b", GAN, **changes)
    with pytest.raises(UserError, match=says) as refusal:
        collect([tmp_path])
    assert all(str(file) in str(refusal.value) for file in files)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("silent", "told", "other", "says"),
    [
        (
            {"baseline": {"bicubic": {"psnr_y": 26.0}}},
            {},
            {"baseline": {"bicubic": {"lpips": 0.6}}},
            "lpips is 0.4 and 0.6",
        ),
        ({"frames": {}}, {}, {"frames": {"city": 30, "walk": 31}}, "30 and 31 frames of walk"),
    ],
)
def test_what_the_first_file_does_not_say_is_compared_among_the_others(tmp_path, silent, told, other, says):
    first, *two = (
        write_record(tmp_path / name, PIXEL, **each) for name, each in zip("abc", (silent, told, other), strict=True)
    )
    with pytest.raises(UserError, match=says) as refusal:
        collect([tmp_path])
    assert all(str(file) in str(refusal.value) for file in two) and str(first) not in str(refusal.value)
    two[1].unlink()
    assert len(collect([tmp_path]).points) == 2


def test_what_devices_round_is_no_reason_to_refuse(tmp_path):
    write_record(tmp_path / "a", PIXEL)
    write_record(tmp_path / "b", GAN, baseline={"bicubic": {"psnr_y": 26.0001, "lpips": 0.4002}})
    assert len(collect([tmp_path]).points) == 2


def test_one_kind_can_be_chosen(tmp_path):
    write_record(tmp_path / "a", PIXEL)
    write_record(tmp_path / "b", GAN, protocol="plain")
    found = collect([tmp_path], {"protocol": "plain"})
    assert labels(found) == ["b"]
    assert found.notes == ["Left out 1 of 2 results, which are not of protocol=plain."]
    with pytest.raises(UserError, match="none of the 2 results"):
        collect([tmp_path], {"protocol": "vid4-y"})
    with pytest.raises(UserError, match="Did you mean 'protocol'"):
        collect([tmp_path], {"protocl": "plain"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "names no schema"),
        (json.dumps({**record(PIXEL), "schema": 2}), "a newer version wrote it"),
        (json.dumps({"schema": 1, "dataset": "vid4"}), "not laid out as schema 1"),
        (json.dumps({**record(PIXEL), "curve": {"name": "weights"}}), "not laid out as schema 1"),
        (json.dumps(record(PIXEL, loss_weights=[1.0])), "not laid out as schema 1"),
        (json.dumps(record(PIXEL, media={"city": {"frame": 1}})), "not laid out as schema 1"),
        (json.dumps(record({"psnr_y": float("nan")})), "holds no scores"),
    ],
)
def test_a_file_that_is_not_understood_is_skipped_by_name(tmp_path, text, why):
    write_record(tmp_path / "a", PIXEL)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "results.json").write_text(text)
    found = collect([tmp_path])
    assert labels(found) == ["a"]
    (note,) = found.notes
    assert str(tmp_path / "b" / "results.json") in note
    assert why in note


def test_nothing_to_collect_is_said(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        collect([tmp_path / "missing"])
    with pytest.raises(UserError, match="No scores in or below"):
        collect([tmp_path])


def test_of_two_scorings_of_one_checkpoint_the_newer_counts(tmp_path):
    same = {"checkpoint": "runs/gan/checkpoints/last.ckpt", "config_hash": "abc"}
    new, old = write_record(tmp_path / "a", GAN, **same), write_record(tmp_path / "b", PIXEL, **same)
    write_record(tmp_path / "other_training", GAN, **{**same, "config_hash": "def"})
    write_record(tmp_path / "other_point", GAN, **same, curve=curve(0.5))
    os.utime(old, ns=(0, 0))
    found = collect([tmp_path])
    assert [point.results for point in found.points if point.results in (new, old)] == [new]
    assert len(found.points) == 3
    assert found.notes == [f"Left out {old}: {new} is of the same checkpoint, and newer."]


@pytest.mark.parametrize("typed", ["runs/gan", "runs/gan/", "runs/gan/checkpoints/last.ckpt", "link/gan"])
def test_an_evaluation_of_a_run_stands_for_it_however_the_run_was_named(tmp_path, monkeypatch, typed):
    checkpoint = tmp_path / "runs" / "gan" / "checkpoints" / "last.ckpt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    (tmp_path / "link").symlink_to("runs")
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "runs" / "gan", GAN, checkpoint=str(checkpoint), config_hash="abc")
    write_record(tmp_path / "scores", GAN, checkpoint=typed, config_hash="abc", temperature=0.0)
    write_record(tmp_path / "drawn", GAN, checkpoint=typed, config_hash="abc", temperature=0.5)
    early = str(Path(typed.removesuffix("last.ckpt")) / "early.ckpt")
    write_record(tmp_path / "early", GAN, checkpoint=early, config_hash="abc")
    found = collect([tmp_path / "runs", tmp_path / "scores", tmp_path / "drawn", tmp_path / "early"])
    assert set(labels(found)) == {"scores", "drawn", "early"}


def test_an_interval_without_ends_is_none(tmp_path):
    ends = {"psnr_y": [29.9, 30.1], "lpips": [float("nan"), 0.3], "tof": [0.1, None]}
    write_record(tmp_path, PIXEL, intervals={"metrics": ends})
    assert collect([tmp_path]).points[0].intervals == {"psnr_y": (29.9, 30.1)}


def test_a_point_of_a_curve_that_was_scored_twice_counts_once(tmp_path):
    write_record(tmp_path / "first", GAN, curve=curve(0.5))
    write_record(tmp_path / "second", GAN, curve=curve(0.5))
    write_record(tmp_path / "next", GAN, curve=curve(0.6))
    assert len(collect([tmp_path]).points) == 2


def test_labels_are_short_names_of_folders_or_the_weights_that_differ(tmp_path):
    write_record(tmp_path / "pixel", PIXEL, loss_weights=weights())
    for value in (0.001, 0.1):
        folder = tmp_path / f"loss.adversarial.weight={value}-0123456789ab"
        write_record(folder, GAN, loss_weights=weights(adversarial=value, perceptual=0.1))
    write_record(tmp_path / "one_point_of_the_curve", GAN, curve=curve(0.3))
    found = collect([tmp_path])
    assert set(labels(found)) == {
        "pixel",
        "adversarial=0.001 perceptual=0.1",
        "adversarial=0.1 perceptual=0.1",
        "weights alpha=0.3",
    }


def test_labels_that_would_be_alike_are_told_apart_by_their_paths(tmp_path):
    for folder in ("monday/gan", "tuesday/gan"):
        write_record(tmp_path / folder, GAN)
    for seed in (1, 2):
        write_record(tmp_path / f"adversarial=0.1,seed={seed}", GAN, loss_weights=weights(adversarial=0.1))
    write_record(tmp_path / "pixel", PIXEL, loss_weights=weights())
    assert set(labels(collect([tmp_path]))) == {
        "monday/gan",
        "tuesday/gan",
        "adversarial=0.1 (adversarial=0.1,seed=1)",
        "adversarial=0.1 (adversarial=0.1,seed=2)",
        "pixel",
    }


def test_results_of_before_a_key_was_added_are_read(tmp_path):
    old = record(PIXEL)
    for key in ("frames", "refused", "intervals", "curve", "training_seconds"):
        del old[key]
    (tmp_path / "results.json").write_text(json.dumps(old))
    write_record(tmp_path / "new", GAN)
    assert len(collect([Path(tmp_path)]).points) == 2
