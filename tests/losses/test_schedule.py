import pytest

from vsr.errors import UserError
from vsr.losses import Schedule


def weights(schedule, steps):
    return [schedule(step) for step in range(steps)]


def test_a_constant_weight():
    assert weights(Schedule(0.3), 3) == [0.3] * 3


def test_a_term_that_starts_later():
    assert weights(Schedule(0.3, start=2), 4) == [0, 0, 0.3, 0.3]


def test_a_ramp_reaches_the_weight_in_its_last_step():
    assert weights(Schedule(2.0, start=1, ramp=4), 7) == [0, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_numbers_and_mappings_are_read():
    assert Schedule.parse("pixel", 1) == Schedule(1)
    assert Schedule.parse("pixel", {"value": 0.1, "ramp": 5}) == Schedule(0.1, ramp=5)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"value": 1, "rampe": 2}, r"loss\.pixel\.weight\.rampe is not known\. Did you mean 'ramp'"),
        ({"ramp": 2}, r"loss\.pixel\.weight needs a value"),
        (-1, "must be a number of at least 0, not -1"),
        (float("nan"), "must be a number of at least 0, not nan"),
        ("much", "must be a number of at least 0, not 'much'"),
        (True, "must be a number of at least 0, not True"),
        ({"value": 1, "start": -3}, "start must be a number of at least 0"),
    ],
)
def test_what_is_no_weight_is_refused(node, message):
    with pytest.raises(UserError, match=message):
        Schedule.parse("pixel", node)
