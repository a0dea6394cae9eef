"""Hours of training: each training counts once, whatever is made from it."""

from pathlib import Path

import pytest

from vsr.frontier.point import Point
from vsr.frontier.training_cost import training_seconds
from vsr.results_layout import Curve

LAST, EARLY = "runs/a", "runs/a/checkpoints/early.ckpt"


def trained(checkpoint, seconds):
    return Point(checkpoint, Path(checkpoint, "results.json"), {}, training_seconds=seconds, checkpoint=checkpoint)


def between(*of, seconds, name="weights interpolation"):
    place = Curve(name, of, "alpha", 0.5)
    return Point(str(of), Path("scores", *of, "results.json"), {}, training_seconds=seconds, curve=place)


def total(*points):
    return training_seconds(points, points)


def test_an_end_that_is_known_is_not_counted_again_with_one_that_is_not():
    assert total(trained("b", 2), between("a", "b", seconds=3)) == 2 + 1


def test_many_curves_from_one_unknown_end_count_it_once():
    curves = [between("a", "b", seconds=3), between("a", "c", seconds=2), between("a", "d", seconds=5)]
    assert total(trained("b", 2), *curves) == 1 + 2 + 1 + 4
    assert total(*reversed(curves), trained("b", 2)) == 1 + 2 + 1 + 4


def test_what_follows_from_what_follows_is_told_in_any_order():
    curves = [between("a", "c", seconds=4), between("b", "c", seconds=3), between("a", "d", seconds=9)]
    assert total(*curves, trained("b", 2)) == total(trained("b", 2), *reversed(curves)) == 3 + 2 + 1 + 6


def test_ends_that_nothing_tells_apart_count_together_once():
    assert total(between("a", "b", seconds=3), between("a", "b", seconds=3, name="outputs interpolation")) == 3


def test_a_curve_alone_costs_its_ends_and_not_what_else_is_known():
    known = [trained("a", 1), trained("b", 2), trained("c", 4)]
    assert training_seconds([between("a", "b", seconds=3)], known) == 3


@pytest.mark.parametrize("points", [(trained(EARLY, 2), trained(LAST, 3)), (trained(LAST, 3), trained(EARLY, 2))])
def test_of_several_checkpoints_of_a_run_the_longest_trained_counts(points):
    assert total(*points) == 3
    assert total(*points, between(EARLY, "b", seconds=6)) == 3 + 3


def test_what_is_not_known_leaves_the_whole_unknown():
    assert total(trained("a", 1), trained("b", None)) is None
    assert total(trained("a", 1), between("a", "b", seconds=None)) is None


def test_an_end_that_was_trained_on_leaves_nothing_for_the_other_not_less():
    assert total(trained("a", 5), between("a", "b", seconds=3)) == 5
