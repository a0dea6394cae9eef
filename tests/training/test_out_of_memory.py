"""Running out of memory is answered with settings that would fit."""

from types import SimpleNamespace

import pytest
import torch

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.generators import BasicVSR
from vsr.training.out_of_memory import Shortage, measured, out_of_memory_explained, training_advice
from vsr.training.run import train

GIB = 2**30
CONFIG = {
    "memory": "normal",
    "scale": 4,
    "trainer": {"precision": "32-true"},
    "optimizer": {"accumulate": 1},
    "data": {"batch_size": 8, "frames": 15, "crop": 256},
}


def explained(error, config=CONFIG, training=True):
    trainer = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cpu")))
    module = SimpleNamespace(generator_steps=7, training=training)
    with pytest.raises(Exception) as raised, out_of_memory_explained(trainer, module, config):
        raise error
    return raised.value


def test_the_answer_keeps_the_effective_batch():
    error = explained(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …"))
    assert isinstance(error, UserError) and "at generator step 7" in str(error)
    for setting in ("memory=low", "trainer.precision=bf16-mixed", "data.batch_size=4 optimizer.accumulate=2"):
        assert setting in str(error)
    assert "\n" not in str(error)


def test_a_validation_has_its_own_answer():
    error = explained(torch.OutOfMemoryError("CUDA out of memory"), training=False)
    assert "data.max_val_frames=15" in str(error) and "batch_size" not in str(error)


def test_the_processor_may_run_out_of_memory_too_and_other_errors_pass():
    assert isinstance(explained(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")), UserError)
    assert not isinstance(explained(RuntimeError("size mismatch")), UserError)


def test_what_was_asked_for_is_read_from_the_message():
    message = "CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total capacity of 79.11 GiB"
    assert measured(message, torch.device("cpu")).asked == GIB // 2


def test_each_setting_alone_goes_down_in_proportion():
    # 90 % of 40 GiB hold a quarter of 144.
    ratio = Shortage(peak=120 * GIB, asked=24 * GIB, total=40 * GIB).ratio
    assert ratio == pytest.approx(1 / 4)
    advice = " ".join(training_advice(CONFIG, ratio))
    assert "data.batch_size=2 optimizer.accumulate=4, the same 8 clips" in advice
    assert "data.crop=128" in advice and "data.frames=3" in advice


def test_settings_already_taken_are_not_proposed():
    taken = CONFIG | {
        "memory": "low",
        "trainer": {"precision": "bf16-mixed"},
        "data": {**CONFIG["data"], "batch_size": 1},
    }
    advice = " ".join(training_advice(taken, 0.5))
    assert not any(key in advice for key in ("memory", "precision", "batch_size")) and "data.crop" in advice


def test_nothing_left_to_make_smaller():
    least = CONFIG | {"memory": "low", "trainer": {"precision": "16-mixed"}}
    least["data"] = {"batch_size": 1, "frames": 2, "crop": 64}
    assert training_advice(least, 0.5) == ["a smaller generator"]


def test_a_run_out_of_memory_ends_in_one_line(compose, monkeypatch):
    def full(self, lr, *_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(BasicVSR, "forward", full)
    with pytest.raises(UserError, match=r"out of memory on cpu at generator step 0; try, the first first: memory=low"):
        train(compose(*TINY))
