"""Non-dominated sets and hypervolumes against moocore."""

import numpy as np
import pytest

from vsr.frontier.hypervolume import hypervolume
from vsr.frontier.pareto import nondominated

moocore = pytest.importorskip("moocore")

SETS = 200


def random_set(seed, dimensions):
    """Up to 30 points; of every second set on a coarse grid, so that there are ties and duplicates."""
    generator = np.random.default_rng(seed)
    points = generator.uniform(size=(generator.integers(1, 31), dimensions))
    return (4 * points).round() / 4 if seed % 2 else points


def reference(seed, dimensions):
    """Beyond all points, on the edge of some, or in the midst of them."""
    return np.full(dimensions, (1.2, 1.0, 0.6)[seed % 3])


@pytest.mark.parametrize("dimensions", [2, 3])
def test_nondominated_sets_are_those_of_moocore(dimensions):
    ties = 0
    for seed in range(SETS):
        points = random_set(seed, dimensions)
        found = nondominated(points)
        np.testing.assert_array_equal(found, moocore.is_nondominated(points, keep_weakly=True), err_msg=str(seed))
        ties += len(np.unique(points[found], axis=0)) < found.sum()
    assert ties > 10  # sets whose frontier has duplicates


@pytest.mark.parametrize("dimensions", [2, 3])
def test_without_duplicates_they_are_what_moocore_keeps_strictly(dimensions):
    for seed in range(SETS):
        points = np.unique(random_set(seed, dimensions), axis=0)
        np.testing.assert_array_equal(nondominated(points), moocore.is_nondominated(points), err_msg=str(seed))


def test_a_tie_is_decided_by_the_other_coordinate_and_equals_stay_together():
    points = np.array([[0, 1], [0, 2], [1, 0], [1, 0], [2, 2], [2, 2]])
    assert nondominated(points).tolist() == [True, False, True, True, False, False]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_hypervolumes_are_those_of_moocore(dimensions):
    for seed in range(SETS):
        points, end = random_set(seed, dimensions), reference(seed, dimensions)
        expected = moocore.hypervolume(points, ref=end)
        assert float(hypervolume(points, end)) == pytest.approx(expected, rel=1e-12, abs=1e-15), seed


@pytest.mark.parametrize("dimensions", [2, 3])
def test_many_sets_at_once_are_each_by_itself(dimensions):
    points = np.random.default_rng(0).uniform(size=(5, 4, 12, dimensions))
    ends = np.random.default_rng(1).uniform(0.5, 1.5, size=(5, 4, dimensions))
    together = hypervolume(points, ends)
    for place in np.ndindex(5, 4):
        assert together[place] == pytest.approx(moocore.hypervolume(points[place], ref=ends[place]), rel=1e-12)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_nothing_is_dominated_by_no_point_nor_by_one_that_is_no_better_than_the_reference(dimensions):
    end = np.ones(dimensions)
    assert hypervolume(np.empty((0, dimensions)), end) == 0
    assert hypervolume(end[None], end) == 0
    worse_in_one = np.zeros(dimensions)
    worse_in_one[-1] = 1.5
    assert hypervolume(worse_in_one[None], end) == 0
