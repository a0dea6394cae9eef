"""Convex-hull gap and rank correlation."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from vsr.frontier import Axis, Point
from vsr.frontier.hull import hull_gap
from vsr.frontier.rank_correlation import spearman, varied_weights
from vsr.frontier.spacing import widest_step

X = Axis("x", "x", "distortion", higher_is_better=False)
Y = Axis("y", "y", "perception", higher_is_better=True)


def random_frontier(seed):
    """Up to 12 points, y falling as x grows."""
    generator = np.random.default_rng(seed)
    count = generator.integers(3, 13)
    x, y = np.sort(generator.uniform(size=(2, count)), axis=1)
    return np.stack([x, y[::-1]], 1)


def gaps_by_scipy(frontier):
    """Below a point the lower hull is the highest of the lines through its lower edges."""
    a, b, c = ConvexHull(frontier).equations.T
    below = b < -1e-12
    lines = -(a[below] * frontier[:, :1] + c[below]) / b[below]
    return (frontier[:, 1] - lines.max(1)) / np.ptp(frontier[:, 1])


def test_the_gap_is_that_of_scipys_hull():
    for seed in range(100):
        frontier = random_frontier(seed)
        dominated = frontier + 0.1
        gap, expected = hull_gap(np.concatenate([dominated, frontier[::-1], frontier[:1]])), gaps_by_scipy(frontier)
        assert gap.largest == pytest.approx(expected.max(), abs=1e-9), seed
        assert gap.mean == pytest.approx(expected.mean(), abs=1e-9), seed


def test_a_convex_frontier_has_no_gap_and_a_bump_has_its_height():
    x = np.linspace(0, 1, 6)
    assert hull_gap(np.stack([x, (1 - x) ** 2], 1)).largest == pytest.approx(0, abs=1e-12)
    gap = hull_gap(np.array([[0, 2.0], [1, 1.5], [2, 0]]))
    assert gap == pytest.approx((0.25, 0.25 / 3))


@pytest.mark.parametrize(
    "points", [[[0, 1.0], [1, 0]], [[0, 0.0], [1, 1], [2, 2]], [[0, 1.0], [0, 1], [1, 0], [1, 0]]]
)
def test_less_than_three_points_have_no_gap_to_speak_of(points):
    assert hull_gap(np.array(points, float)) is None


def trained(weight, x, y):
    weights = None if weight is None else {"pixel": 1.0, **({"adversarial": weight} if weight else {})}
    return Point(str(weight), Path(), {"x": x, "y": y}, weights=weights)


def test_spearman_is_one_minus_six_times_the_squared_rank_differences():
    values = np.random.default_rng(0).permutation(8).astype(float)
    points = [trained(weight, value, -weight) for weight, value in enumerate(values)]
    squared = ((np.arange(8) - values) ** 2).sum()
    found = spearman(points, [X, Y])
    assert found == {"adversarial": {"x": pytest.approx(1 - 6 * squared / (8 * 63)), "y": pytest.approx(-1)}}


def test_a_missing_term_counts_as_weight_0_and_points_of_unknown_training_not_at_all():
    points = [trained(0, 1, 5), trained(0.1, 2, 5), trained(1, 3, 5), trained(None, 0, 0)]
    assert varied_weights(points) == ["adversarial"]
    assert spearman(points, [X, Y]) == {"adversarial": {"x": pytest.approx(1)}}  # y is the same in all: no ρ
    assert spearman(points[1:], [X, Y]) == {}


def test_the_widest_step_is_the_one_where_a_point_is_missing():
    places = np.array([0.0, 0.1, 0.2, 0.7, 0.8, 1.0])
    on_a_line = np.stack([10 * places, 100 * (1 - places)], 1)
    dominated = np.array([[4.0, 90.0]])
    step = widest_step(np.concatenate([on_a_line[::-1], dominated]))
    assert step == (3, 2, pytest.approx(0.5))  # from 0.2 to 0.7, as numbered
    assert widest_step(on_a_line[:2]) is None
