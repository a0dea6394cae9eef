"""Files that turn out broken while a run reads them."""

from __future__ import annotations

import logging
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from vsr.data import ClipDataModule
from vsr.data.broken import BrokenFileError, refuse_too_many
from vsr.training.ranks import gather_texts
from vsr.training.speed import is_logged

log = logging.getLogger(__name__)


class BrokenFiles(Callback):
    """Says once of each file that could not be read that another one took its place, or that a validation went without
    it, and ends the run where they become too many. Also counts the clips that a video codec failed on.

    Several processes tell each other what they found at log steps and after validations.

    Logged as ``train/broken_files`` and, of a degradation that codes clips, ``train/codec_failures``.

    Args:
        data: what the run reads; its `broken` are those found before training.
    """

    def __init__(self, data: ClipDataModule) -> None:
        self._found = {file.path or str(file): str(file) for file in data.broken}
        self._unsaid: dict[str, str] = {}
        self._files, self._most = data.files, data.max_broken
        self.codec_failures = 0

    @property
    def paths(self) -> list[str]:
        """The broken files, those left out before training included."""
        return sorted(self._found)

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, *_: Any) -> None:
        """Take note of what the batch could not read."""
        self._note(batch, "Another clip is trained on in its place.")
        if trainer.world_size == 1:
            self._tell(trainer)
        if "codec_failures" in batch:
            self.codec_failures += int(batch["codec_failures"].sum())
            pl_module.log("train/codec_failures", float(self.codec_failures))

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Exchange notes, where there are others."""
        if is_logged(trainer, pl_module):
            self._tell(trainer)
        pl_module.log("train/broken_files", float(len(self._found)))

    def on_validation_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, *_: Any) -> None:
        """Take note of a clip that cannot be scored."""
        self._note(batch, "The validation goes without it.")

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Exchange notes."""
        self._tell(trainer)

    def _note(self, batch: dict[str, Any], consequence: str) -> None:
        for path, why in batch.get("broken", ()):
            self._unsaid.setdefault(path, f"{why} {consequence}")

    def _tell(self, trainer: L.Trainer) -> None:
        """Say on the first process what any of them found, and refuse too many on all of them."""
        found, self._unsaid = gather_texts(self._unsaid), {}
        news = {path: line for path, line in found.items() if path not in self._found}
        self._found |= news
        for line in news.values() if trainer.is_global_zero else ():
            log.warning(f"broken: {line}")
        if news:
            refuse_too_many([BrokenFileError(why, path) for path, why in self._found.items()], self._files, self._most)
