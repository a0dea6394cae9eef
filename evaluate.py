"""Score a checkpoint: ``python evaluate.py ckpt=CKPT data=vid4 data.root=DIR``, or upscale a video with it:
``python evaluate.py ckpt=CKPT input=in.mp4 output=out.mp4``. Keys: configs/evaluate.yaml."""

from pathlib import Path

from omegaconf import DictConfig

from vsr.cli import run


def main(cfg: DictConfig) -> None:
    """Score or upscale as ``cfg`` says."""
    # Imported here, so that a misspelt key is refused before torch is imported.
    if cfg.input is None and cfg.output is None:
        from vsr.inference.run import evaluate

        evaluate(cfg)
    else:
        from vsr.inference.upscaling.run import upscale

        upscale(cfg)


if __name__ == "__main__":
    run(Path(__file__).resolve().parent / "configs", "evaluate", main)
