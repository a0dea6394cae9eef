"""Two processes with one clip each train as one process with two clips does."""

import json
import os
import subprocess
import sys

import pytest
import torch
from omegaconf import OmegaConf

from tests.conftest import REPOSITORY, TINY, TINY_ADVERSARIAL

FIVE_STEPS = ["trainer.max_steps=5", "trainer.val_every=5"]
STACKS = {
    # The flow stands still, as a pretrained one does at first: so far from the loss its gradients are rounding.
    "pixel": [*TINY, "loss=pixel", "optimizer.flow_lr_factor=0", *FIVE_STEPS],
    "adversarial": [
        *TINY_ADVERSARIAL,
        *FIVE_STEPS,
        "loss.perceptual.weight=0.1",
        "loss.adversarial.weight=0.05",
        # Adam's step is lr times the gradient's sign, however small the gradient: with its own epsilon, of 1e-8, what
        # differs is how the rounding of a sum over two clips falls (5e-5 of weight after 4 steps).
        "+optimizer.generator.eps=1e-3",
        "+optimizer.discriminator.eps=1e-3",
    ],
}


def run_training(cwd, *arguments):
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "train.py"), *arguments],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def trained_generator(output_dir, *arguments):
    """The weights after a run of ``train.py``."""
    run_training(output_dir.parent, *arguments, f"output_dir={output_dir}")
    state = torch.load(output_dir / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return {name: weights for name, weights in state.items() if name.startswith("generator.")}


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_two_processes_train_as_one_with_the_same_clips(stack, tmp_path):
    one = trained_generator(tmp_path / "one", *STACKS[stack], "data.batch_size=2")
    two = trained_generator(tmp_path / "two", *STACKS[stack], "trainer=ddp_cpu")
    assert one.keys() == two.keys() and len(one) > 10
    for name, weights in one.items():
        torch.testing.assert_close(
            two[name], weights, rtol=0, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.slow
def test_a_sweep_of_two_distributed_jobs_ends_with_two_complete_runs(tmp_path):
    run_training(tmp_path, "-m", *TINY, "trainer=ddp_cpu", "seed=0,1", "output_dir=sweep")
    runs = sorted((tmp_path / "sweep").glob("seed_*"))
    assert [run.name.partition("-")[0] for run in runs] == ["seed_0", "seed_1"]
    for seed, run in enumerate(runs):
        config = OmegaConf.load(run / "config.yaml")
        assert config.seed == seed
        results = json.loads((run / "results.json").read_text())
        assert results["generator_steps"] == 4 and len(results["clips"]) == 2
        assert (run / "checkpoints" / "last.ckpt").is_file() and (run / "metrics.csv").is_file()
    # No process of either job made a folder elsewhere.
    shown = {path for path in (tmp_path / "sweep").iterdir() if not path.name.startswith(".")}
    assert shown == {*runs, tmp_path / "sweep" / "multirun.yaml", tmp_path / "sweep" / "jobs.csv"}
    assert {path.name for path in tmp_path.iterdir()} == {"sweep"}
