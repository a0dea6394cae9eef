"""Writes ``checkpoints/last.ckpt`` and ``best.ckpt``, whole or not at all."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from vsr.errors import UserError, choose
from vsr.metrics import METRICS


class Checkpoints(Callback):
    """Saves the last state every so many generator steps and after each validation, and the best by one metric.

    Lightning's ModelCheckpoint counts the steps of all optimisers, so with a GAN its intervals are not what they say.
    A checkpoint replaces the one before it only once it is complete.

    Args:
        folder: where to write.
        every: generator steps between saves of ``last.ckpt``.
        monitor: metric that decides which is ``best.ckpt``; which way is better, the table of metrics says.

    Raises:
        UserError: a metric that the table does not know.
    """

    def __init__(self, folder: str, every: int = 500, monitor: str = "psnr_y") -> None:
        self.folder = Path(folder)
        self.every = every
        self.monitor = choose("callbacks.checkpoints.monitor", monitor, METRICS)
        self.best = -math.inf

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Save ``last.ckpt`` where a generator step calls for it."""
        steps: int = pl_module.generator_steps  # type: ignore[assignment]  # VideoSuperResolution counts them
        if steps % self.every == 0:
            self._save(trainer, "last.ckpt")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save ``best.ckpt`` if this validation was the best."""
        value = trainer.callback_metrics.get(f"val/{self.monitor}")
        if trainer.state.fn != "fit" or value is None:
            return
        goodness = float(value) if METRICS[self.monitor].higher_is_better else -float(value)
        if goodness > self.best:
            self.best = goodness
            self._save(trainer, "best.ckpt")

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the end of the run."""
        self._save(trainer, "last.ckpt")

    def state_dict(self) -> dict[str, Any]:
        """The best value so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.best = float(state_dict["best"])

    def _save(self, trainer: L.Trainer, name: str) -> None:
        part = self.folder / f".{name}.part"
        try:
            trainer.save_checkpoint(part)
            if trainer.is_global_zero:
                part.replace(self.folder / name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(
                f"{self.folder / name} could not be written ({error.strerror}); the one before it is untouched. "
                f"Make room, then go on with resume=auto output_dir={self.folder.parent}"
            ) from error
