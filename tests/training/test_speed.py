"""Step time, data time and time left, against a clock set by hand."""

from types import SimpleNamespace

import pytest
import torch

from vsr.training.speed import Speed, peak_memory


@pytest.fixture
def clock(monkeypatch):
    hand = SimpleNamespace(time=100.0)
    monkeypatch.setattr("time.perf_counter", lambda: hand.time)
    return hand


def made(speed, clock, steps, data, compute, logged):
    """A trainer that has made ``steps`` steps of 3 clips on each of 2 devices."""
    trainer = SimpleNamespace(world_size=2, log_every_n_steps=2, num_training_batches=10, val_check_batch=5)
    module = SimpleNamespace(generator_steps=0, device=torch.device("cpu"), log_dict=logged.append)
    speed.on_train_start(trainer, module)
    for _ in range(steps):
        clock.time += data
        speed.on_train_batch_start(trainer, module, None, 0)
        clock.time += compute
        module.generator_steps += 1
        speed.on_train_batch_end(trainer, module, None, {"hr": torch.zeros(3, 1)}, 0)
    return trainer, module


def test_what_is_logged_of_a_step_and_when(clock):
    logged = []
    made(Speed(), clock, steps=3, data=1.0, compute=3.0, logged=logged)
    assert len(logged) == 1  # at step 2
    memory = logged[0].pop("train/memory_gib")
    assert logged[0] == {"train/step_seconds": 4.0, "train/data_seconds": 1.0, "train/clips_per_second": 6 / 4}
    assert 0.05 < memory < 100


def test_a_validation_counts_for_no_step_but_for_the_time_left(clock):
    speed = Speed()
    trainer, module = made(speed, clock, steps=4, data=1.0, compute=3.0, logged=[])
    speed.on_validation_start(trainer, module)
    clock.time += 60
    speed.on_validation_end(trainer, module)
    assert speed.seconds_left(trainer, 4) == 6 * 4 + 2 * 60
    assert speed.seconds_left(trainer, 5) == 5 * 4 + 1 * 60  # the one at step 5 is over
    clock.time += 4
    speed.on_train_batch_start(trainer, module, None, 0)
    speed.on_train_batch_end(trainer, module, None, {"hr": torch.zeros(3, 1)}, 0)
    assert speed.recent.seconds == 4.0


def test_memory_is_counted_in_bytes():
    block = torch.ones(2**25)
    assert peak_memory(torch.device("cpu")) >= block.numel() * 4
