"""Sweeps of real jobs under the launchers that run several at once."""

import csv
import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.sweep.conftest import REAL_SWEEP

SWEEP = [*REAL_SWEEP, "trainer.max_steps=2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "overrides"),
    [
        ("hydra_joblib_launcher", ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]),
        ("hydra_submitit_launcher", ["hydra/launcher=submitit_local"]),
    ],
)
def test_jobs_elsewhere_are_noted_and_collected_here(tmp_path, plugin, overrides):
    pytest.importorskip(f"hydra_plugins.{plugin}", reason=f"{plugin} is not installed")
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(
        [sys.executable, str(REPOSITORY / "train.py"), "-m", *SWEEP, *overrides],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("error: 1 of 3 jobs failed: adversarial_-1-")
    with (tmp_path / "sweep" / "jobs.csv").open(newline="") as file:
        statuses = {row["folder"].rpartition("-")[0]: row["status"] for row in csv.DictReader(file)}
    assert statuses == {"adversarial_0": "trained", "adversarial_0.01": "trained", "adversarial_-1": "failed"}
    assert (tmp_path / "sweep" / "frontier.json").is_file()
