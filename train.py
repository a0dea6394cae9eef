"""Train a generator: ``python train.py loss=perceptual_adv``. Every key is in configs/train.yaml and its groups."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from vsr.cli import run


def main(cfg: DictConfig) -> float:
    """Train as ``cfg`` says."""
    from vsr.training.run import train  # here, so that a misspelt key is refused before torch is imported

    return train(cfg, list(HydraConfig.get().overrides.task))


if __name__ == "__main__":
    run(Path(__file__).resolve().parent / "configs", "train", main)
