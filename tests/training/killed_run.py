"""The run that `test_kill` kills, in a process that has imported everything already."""

import hydra

from tests.conftest import REPOSITORY
from vsr.resolvers import register_resolvers
from vsr.training.run import train


def run(overrides):
    """Train under ``overrides``."""
    register_resolvers()
    with hydra.initialize_config_dir(str(REPOSITORY / "configs"), version_base="1.3"):
        cfg = hydra.compose("train", overrides=overrides)
    train(cfg)
