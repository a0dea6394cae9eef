"""The learning rate of a training in phases."""

import pytest
import torch

from vsr.errors import UserError
from vsr.training import phased_schedule


def rates(phases, steps, lr=1.0):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = phased_schedule(optimiser, phases)
    (factor,) = schedule.lr_lambdas
    return [lr * factor(step) for step in steps]


def test_a_phase_counts_its_halvings_from_its_own_start():
    phases = [{"start": 0, "halve_at": [3]}, {"start": 5, "ratio": 0.1, "halve_at": [2, 4]}]
    assert rates(phases, range(11)) == pytest.approx([1, 1, 1, 0.5, 0.5, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_a_second_phase_from_the_first_step_on_is_the_only_one():
    assert rates([{"start": 0, "halve_at": [3]}, {"start": 0, "ratio": 0.5}], (0, 9), lr=2.0) == [1.0, 1.0]


def test_every_group_keeps_its_own_rate():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (1.0, 0.125)]
    optimiser = torch.optim.SGD(groups)
    schedule = phased_schedule(optimiser, [{"start": 0}, {"start": 2, "ratio": 0.5}])
    for _ in range(2):
        optimiser.step()
        schedule.step()
    assert [group["lr"] for group in optimiser.param_groups] == [0.5, 0.0625]


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([], "the first phase must have start: 0"),
        ([{"start": 7}], "the first phase must have start: 0"),
        ([{"ratio": 1.0}], "a phase needs its start"),
        ([{"start": 0, "half_at": [3]}], "half_at is not known. Did you mean 'halve_at'"),
        ([{"start": 0, "ratio": -1}], "must be at least 0"),
    ],
)
def test_a_mistake_is_named(phases, message):
    with pytest.raises(UserError, match=message):
        rates(phases, [0])
