"""A job of a sweep in a process of its own."""

import os
import signal
import subprocess
import sys
import time

from tests.conftest import REPOSITORY

PARENT = """
import sys
from vsr.sweep_job import _exit_status
child = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); "
    "print('up', flush=True); time.sleep(60)"
)
_exit_status([sys.executable, "-c", child])
print("went on")
"""


def test_sigterm_ends_the_job_and_the_sweep():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert parent.stdout.readline() == "up\n"
    time.sleep(0.2)
    parent.send_signal(signal.SIGTERM)
    rest, _ = parent.communicate(timeout=20)
    assert parent.returncode == 128 + signal.SIGTERM
    assert rest == ""
