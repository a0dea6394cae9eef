"""A job of a sweep in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from vsr.sweep.command import own_command, run

PARENT = """
import os, sys
from vsr.sweep.command import run
child = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), sys.exit(7))); "
    "print('up', flush=True); time.sleep(60)"
)
run([sys.executable, "-c", child], os.environ)
print("went on")
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_job_which_saves_and_the_sweep(signum):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        start_new_session=True,
    )
    assert parent.stdout.readline() == "up\n"
    time.sleep(0.2)
    os.killpg(parent.pid, signum)  # as a terminal does: the job must hear of it only once, through the sweep
    rest, _ = parent.communicate(timeout=20)
    assert parent.returncode == 128 + signum
    assert rest.splitlines() == ["saved", "the sweep was told to stop; run it again to go on"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; sys.exit(3)", "exit status 3; what it said is above"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL, as when memory runs out"),
        ("from vsr.sweep.command import note_error as n; n('first'); n('second'); exit(1)", "first"),
    ],
)
def test_how_a_failed_job_ended_is_known(code, error):
    ended = run([sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(REPOSITORY)})
    assert ended.status and ended.error == error


def test_a_job_is_started_with_the_flags_that_say_where_configurations_are():
    script, *flags = own_command(["train.py", "-m", "--config-dir", "mine", "seed=0,1", "-cn=train"])[1:]
    assert Path(script) == Path("train.py").absolute()
    assert flags == ["--config-dir=mine", "--config-name=train"]
    *_, place = own_command(["train.py", "seed=0,1", "hydra.searchpath=[file://mine]", "hydra.sweep.dir=x"])
    assert place == "hydra.searchpath=[file://mine]"
