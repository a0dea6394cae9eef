import io
import logging
import sys

import pytest

from vsr.data.prepare import bar as bars
from vsr.data.prepare.command import main


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def said(monkeypatch):
    """``said(stderr)``: what is written there while a message comes in the middle of the work."""

    def write(stderr):
        monkeypatch.setattr("sys.stderr", stderr)
        monkeypatch.setenv("TERM", "xterm")
        logger = logging.Logger("x")
        logger.addHandler(bars.AboveBar())
        with bars.bar("storing frames", 20) as done:
            done(7)
            logger.warning("left out: one file")
            done(13)
        assert sys.stderr is stderr
        logger.warning("the end")
        return stderr.getvalue()

    return write


def test_a_terminal_sees_how_far_it_is_and_messages_on_lines_of_their_own(said):
    text = said(Terminal())
    assert "20/20" in text and "storing frames" in text
    assert "left out: one file\n" in text  # the bar is drawn anew below it
    assert text.endswith("the end\n")


def test_a_file_gets_the_messages_alone(said):
    assert said(io.StringIO()) == "left out: one file\nthe end\n"


def test_the_command_writes_its_messages_above_the_bar(tmp_path, monkeypatch):
    handlers = []
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: handlers.extend(settings["handlers"]))
    with pytest.raises(SystemExit):
        main(["--output", str(tmp_path / "store")])
    assert [type(handler) for handler in handlers] == [bars.AboveBar]
