"""Writes ``config.yaml``, once a run has made its first step: a run that is refused leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from omegaconf import OmegaConf

from vsr.whole_file import whole_file


class RunConfig(Callback):
    """The resolved configuration as ``config.yaml``.

    Args:
        folder: of the run.
        config: what to write.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.path = folder / "config.yaml"
        self.config = config
        self.written = False

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Write it after the first step."""
        if trainer.is_global_zero and not self.written:
            with whole_file(self.path) as part:
                OmegaConf.save(OmegaConf.create(self.config), part)
            self.written = True
