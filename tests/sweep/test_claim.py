"""Who may train in a folder."""

import os
import signal
import subprocess
import sys
import time

from tests.conftest import REPOSITORY
from vsr.sweep.claim import claimed

SWEEP = """
import subprocess, sys
from pathlib import Path
from vsr.sweep.claim import claimed
with claimed(Path(sys.argv[1])) as claim:
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[claim])
    print(job.pid, flush=True)
    job.wait()
"""


def is_free(folder):
    with claimed(folder) as claim:
        return claim is not None


def test_only_one_at_a_time(tmp_path):
    with claimed(tmp_path / "job") as first, claimed(tmp_path / "job") as second, claimed(tmp_path / "other") as other:
        assert first is not None and second is None and other is not None
    assert is_free(tmp_path / "job")


def test_a_job_whose_sweep_was_killed_keeps_its_folder_to_itself(tmp_path):
    sweep = subprocess.Popen(
        [sys.executable, "-c", SWEEP, str(tmp_path / "job")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    job = int(sweep.stdout.readline())
    sweep.kill()
    sweep.wait()
    try:
        assert not is_free(tmp_path / "job")
    finally:
        os.kill(job, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not is_free(tmp_path / "job"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
