from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "configs" / "generator").glob("*.yaml"))


def with_random_weights(node: DictConfig) -> DictConfig:
    for key, value in node.items():
        if isinstance(value, DictConfig):
            with_random_weights(value)
        elif key == "weights":
            node[key] = "random"
    return node


@pytest.mark.parametrize("name", NAMES)
def test_config_builds_a_generator_that_runs(compose, name):
    generator = instantiate(with_random_weights(compose(f"generator={name}").generator)).eval()
    with torch.no_grad():
        assert generator(torch.rand(1, 2, 3, 16, 18)).shape == (1, 2, 3, 64, 72)
