"""How long a run has trained, with a clock of the test's own."""

import pytest

from vsr.training.training_time import TrainingTime


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def test_steps_count_and_validations_do_not_and_a_resumed_run_adds_up(clock):
    time = TrainingTime(before=1000.0)
    time.on_train_start(None, None)
    for validated in (False, True, False):
        clock(2.0)
        time.on_train_batch_end(None, None, None, None, 0)
        if validated:
            clock(50.0)
            time.on_validation_end(None, None)
    clock(7.0)  # to write results.json
    checkpoint = {}
    time.on_save_checkpoint(None, None, checkpoint)
    assert time.seconds == checkpoint["training_seconds"] == 1006.0


def test_a_run_that_is_only_scored_has_trained_no_longer(clock):
    time = TrainingTime(before=3.0)
    clock(9.0)
    time.on_validation_end(None, None)
    assert time.seconds == 3.0
