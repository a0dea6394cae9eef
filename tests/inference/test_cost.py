"""What super-resolving costs."""

import contextlib
import mmap
import time

import pytest
import torch

from vsr.inference.cost import Cost, Measured, summary

CPU = torch.device("cpu")


@contextlib.contextmanager
def held():
    """64 MB are taken, and really given back: what is freed may stay with the process."""
    with mmap.mmap(-1, 64 * 2**20) as block:
        block.write(bytes(len(block)))
        yield


def test_time_and_memory_are_those_of_the_generator():
    def generator(lr):
        with held():
            time.sleep(0.2)
        return lr + 1

    idle = Measured(lambda lr: lr)
    idle(torch.zeros(1, 4, 3, 10, 20))
    busy = Measured(generator)
    assert torch.equal(busy(torch.zeros(1, 4, 3, 10, 20)), torch.ones(1, 4, 3, 10, 20))
    cost = busy.costs[0]
    assert (cost.frames, cost.size) == (4, (20, 10))
    assert 0.05 <= cost.seconds_per_frame < 0.5
    assert cost.memory - idle.costs[0].memory > 48 * 2**20


def test_what_came_before_does_not_count():
    with_block = Measured(lambda lr: lr)
    with held():
        with_block(torch.zeros(1, 1, 3, 4, 4))
    without = Measured(lambda lr: lr)
    without(torch.zeros(1, 1, 3, 4, 4))
    assert without.costs[0].memory < with_block.costs[0].memory - 48 * 2**20


def test_of_several_clips_the_median_time_and_the_most_memory():
    costs = [Cost(10, (8, 8), seconds, memory) for seconds, memory in ((9.0, 1), (1.0, 3), (1.2, 2))]
    said = summary(costs, CPU)
    assert said["seconds_per_frame"] == pytest.approx(0.12) and said["peak_memory_bytes"] == 3
    assert said["device"].startswith("cpu (")


@pytest.mark.gpu
def test_on_a_gpu_the_memory_is_that_of_its_tensors():
    measured = Measured(lambda lr: lr * torch.ones(64 * 2**20, device="cuda")[0])
    measured(torch.zeros(1, 1, 3, 4, 4, device="cuda"))
    assert 256 * 2**20 <= measured.costs[0].memory < 300 * 2**20
    assert summary(measured.costs, torch.device("cuda"))["device"] == torch.cuda.get_device_name()
