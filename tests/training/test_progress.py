"""What a user sees of a run while it trains."""

import logging
import re
import sys

import pytest

from tests.conftest import TINY
from vsr.training.run import train


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_log_file_gets_plain_lines(compose, lines, capsys):
    train(compose(*TINY, "trainer.max_steps=20", "trainer.val_every=20"))
    said = [line for line in lines() if line.startswith("step ")]
    number = r"[\d.e-]+"
    pattern = rf"step (\d+)/20, \d+:\d\d:\d\d left, {number} s a step \(\d+% data\), {number} clips/s, {number} GiB"
    assert [re.fullmatch(rf"{pattern}, loss {number}", line)[1] for line in said] == ["10", "20"]
    assert "0:00:00 left" in said[-1]
    assert "\r" not in capsys.readouterr().out


def test_a_terminal_gets_one_bar_also_after_a_resume(compose, lines, capsys, monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda self: True, raising=False)
    train(compose(*TINY))
    assert "| 4/4" in capsys.readouterr().out
    train(compose(*TINY, "resume=auto", "trainer.max_steps=6", "trainer.val_every=6"))
    shown = capsys.readouterr().out
    assert re.findall(r"\| (\d/\S+?)[,\s]", shown)[0] == "4/6" and "| 6/6" in shown
    assert "validating 2/2" in shown and "clips/s" in shown
    assert not [line for line in lines() if line.startswith("step ")]


def test_the_scores_of_a_validation_stay_to_be_read(compose, lines):
    train(compose(*TINY, "trainer.val_every=2"))
    number = r"\d+\.\d\d"
    score = rf"{number} \(bicubic {number}\)"
    said = [line for line in lines() if line.startswith("validation at")]
    assert [re.fullmatch(rf"validation at step (\d): psnr {score}, psnr_y {score}", line)[1] for line in said] == [
        "2",
        "4",
    ]
