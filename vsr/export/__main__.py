"""``python -m vsr.export ckpt=CKPT output=generator.safetensors`` or ``.onnx``. Keys: configs/export.yaml."""

from pathlib import Path

from omegaconf import DictConfig

from vsr.cli import run


def main(cfg: DictConfig) -> None:
    """Export as ``cfg`` says."""
    from vsr.export.run import export  # here, so that a misspelt key is refused before torch is imported

    export(cfg)


if __name__ == "__main__":
    run(Path(__file__).resolve().parents[2] / "configs", "export", main)
