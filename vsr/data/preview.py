"""What the model will really see: ``python -m vsr.data.preview data=CHOICE degradation=CHOICE``.

The command of `vsr.inference.preview`; its keys are in configs/preview.yaml.
"""

from pathlib import Path

from vsr.cli import run

if __name__ == "__main__":
    from vsr.inference.preview import preview

    run(Path(__file__).resolve().parent.parent.parent / "configs", "preview", preview)
