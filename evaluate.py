"""Score a checkpoint: ``python evaluate.py ckpt=CKPT data=vid4 data.root=DIR``. Keys: configs/evaluate.yaml."""

from pathlib import Path

from omegaconf import DictConfig

from vsr.cli import run


def main(cfg: DictConfig) -> None:
    """Score as ``cfg`` says."""
    from vsr.inference.run import evaluate  # here, so that a misspelt key is refused before torch is imported

    evaluate(cfg)


if __name__ == "__main__":
    run(Path(__file__).resolve().parent / "configs", "evaluate", main)
