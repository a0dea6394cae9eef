"""What starting a command loads: every import is paid for by every run."""

import subprocess
import sys

import pytest

# Large packages that a default run has no use for; matplotlib and SciPy come in with Lightning's torchmetrics.
UNUSED = {"wandb", "transformers", "skimage", "decord", "pytorch_msssim", "torch_fidelity"}


def loaded_by(module):
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_the_command_line_is_checked_before_anything_heavy_is_loaded():
    loaded = loaded_by("vsr.cli")
    assert "hydra" in loaded
    assert not loaded & {"torch", "lightning", "numpy"}


@pytest.mark.slow
def test_a_run_loads_nothing_that_it_may_never_use():
    loaded = loaded_by("vsr.training.run")
    assert "torch" in loaded
    assert not loaded & UNUSED
