from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "generator").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_config_builds_a_generator_that_runs(path):
    config = OmegaConf.merge({"scale": 4, "memory": "normal"}, {"generator": OmegaConf.load(path)})
    config.generator.flow.weights = "random"
    generator = instantiate(config.generator).eval()
    with torch.no_grad():
        assert generator(torch.rand(1, 2, 3, 16, 18)).shape == (1, 2, 3, 64, 72)
