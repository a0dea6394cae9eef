"""What tests share: a run that is as small as a run can be, and the real data where there are some."""

import os
from pathlib import Path

import hydra
import pytest

from vsr.cli import run
from vsr.resolvers import register_resolvers

REPOSITORY = Path(__file__).resolve().parent.parent

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    # Read when torch is imported: processes that each use all cores wait for one another.
    threads = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))

# Synthetic scenes, a generator of a few thousand parameters, random features: nothing is fetched, a step takes 0.1 s.
TINY = [
    "data=synthetic",
    "data.train.clips=2",
    "data.train.size=72",
    "data.val.size=64",
    "data.val.frames=3",
    "data.frames=3",
    "data.crop=64",
    "data.batch_size=1",
    "generator.channels=4",
    "generator.blocks=1",
    "generator.head_channels=4",
    "generator.flow.weights=random",
    "metrics=[psnr,psnr_y]",
    "trainer=cpu",
    "trainer.max_steps=4",
    "trainer.val_every=4",
    "trainer.log_every=1",
]
TINY_ADVERSARIAL = [
    *TINY,
    "loss=perceptual_adv",
    "loss.perceptual.network.weights=random",
    "discriminator.spatial.discriminator.channels=4",
    "discriminator.temporal.discriminator.channels=4",
]


@pytest.fixture
def compose(tmp_path):
    """``compose(*overrides)``: the config of train.py with an output folder of the test's own."""
    register_resolvers()

    def make(*overrides, name="train"):
        with hydra.initialize_config_dir(str(REPOSITORY / "configs"), version_base="1.3"):
            return hydra.compose(name, overrides=[f"output_dir={tmp_path / 'run'}", *overrides])

    return make


@pytest.fixture
def test_data():
    """The folder of real clips, which are not part of the project."""
    folder = os.environ.get("VSR_TEST_DATA")
    if not folder:
        pytest.skip("VSR_TEST_DATA is not set: it names a folder with vid4/, lpips/ and clips/")
    return Path(folder)


@pytest.fixture
def outcome(monkeypatch, capsys, tmp_path):
    """``outcome(*arguments, task=...)``: the one line on standard error that it ends in, None if it ends well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # the command sets it itself: this takes it back afterwards
    monkeypatch.delenv("VSR_TRACEBACK", raising=False)

    def end(*arguments, task=lambda cfg: None, name="train", defaults=("output_dir=run",)):
        monkeypatch.setattr("sys.argv", ["train.py", *defaults, *arguments])
        try:
            run(REPOSITORY / "configs", name, task)
        except SystemExit as ended:
            assert ended.code == 1
            (line,) = capsys.readouterr().err.splitlines()
            return line
        return None

    return end
