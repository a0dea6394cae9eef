"""Files that turn out broken while a run reads them."""

from __future__ import annotations

import logging
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from vsr.data import ClipDataModule
from vsr.data.broken import BrokenFileError, refuse_too_many
from vsr.training.ranks import gather_names

log = logging.getLogger(__name__)


class BrokenFiles(Callback):
    """Says once of each file that could not be read that another one took its place, or that a validation went without
    it, and ends the run where they become too many. Also counts the clips that a video codec failed on.

    Logged as ``train/broken_files`` and, of a degradation that codes clips, ``train/codec_failures``.

    Args:
        data: what the run reads; its `broken` are those found before training.
    """

    def __init__(self, data: ClipDataModule) -> None:
        self._found = {file.path or str(file): file for file in data.broken}
        self._total = sum(len(clips.clips) for clips in (data.train_clips, data.val_clips) if clips) + len(data.broken)
        self._most = data.max_broken
        self.codec_failures = 0

    @property
    def paths(self) -> list[str]:
        """The broken files that any process has found, those left out before training included."""
        return gather_names(self._found)

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, *_: Any) -> None:
        """Take note of what the batch could not read."""
        self._note(batch, "Another clip is trained on in its place.")
        pl_module.log("train/broken_files", float(len(self._found)))
        if "codec_failures" in batch:
            self.codec_failures += int(batch["codec_failures"].sum())
            pl_module.log("train/codec_failures", float(self.codec_failures))

    def on_validation_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, *_: Any) -> None:
        """Take note of a clip that cannot be scored."""
        self._note(batch, "The validation goes without it.")

    def _note(self, batch: dict[str, Any], consequence: str) -> None:
        for path, why in batch.get("broken", ()):
            if path not in self._found:
                log.warning(f"broken: {why} {consequence}")
                self._found[path] = BrokenFileError(why, path)
                refuse_too_many(list(self._found.values()), self._total, self._most)
