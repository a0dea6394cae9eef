"""Sweeps of real jobs under the launchers that run several at once."""

import csv
import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY, TINY_ADVERSARIAL

SWEEP = [
    *TINY_ADVERSARIAL,
    "sweep=frontier",
    "loss.perceptual.weight=0",
    "loss.adversarial.weight=0,0.01,-1",  # the last one fails
    "metrics=[psnr_y,ssim_y]",
    "frontier.y=ssim_y",
    "trainer.max_steps=2",
    "output_dir=sweep",
]


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
