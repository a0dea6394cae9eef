"""Writes ``checkpoints/last.ckpt`` and ``best.ckpt``, whole or not at all."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from vsr.errors import UserError, choose
from vsr.metrics import METRICS

log = logging.getLogger(__name__)


class Checkpoints(Callback):
    """Saves the last state every so many generator steps and at the end, and the best validation's by one metric.

    Lightning's ModelCheckpoint counts the steps of all optimisers, so with a GAN its intervals are not what they say.
    A checkpoint replaces the one before it only once it is complete.

    Args:
        folder: where to write.
        every: generator steps between saves of ``last.ckpt``, at least 1.
        monitor: metric that decides which is ``best.ckpt``; which way is better, the table of metrics says.

    Raises:
        UserError: a metric that the table does not know or validation does not score, or an interval below 1.
    """

    def __init__(self, folder: str, every: int = 500, monitor: str = "psnr_y") -> None:
        if every < 1:
            raise UserError(f"callbacks.checkpoints.every={every} must be at least 1 generator step")
        self.folder = Path(folder)
        self.every = every
        self.monitor = choose("callbacks.checkpoints.monitor", monitor, METRICS)
        self.best = -math.inf

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse a metric that no validation will give."""
        scored: dict[str, Any] = pl_module.evaluator.scorer.metrics  # type: ignore[union-attr, assignment]
        if self.monitor not in scored:
            raise UserError(
                f"callbacks.checkpoints.monitor={self.monitor} is not scored; add it to metrics=[{','.join(scored)}]"
            )

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Save ``last.ckpt`` where a generator step calls for it."""
        steps: int = pl_module.generator_steps  # type: ignore[assignment]  # VideoSuperResolution counts them
        # The end of the run is saved here and not when training has ended: from within its one epoch a run can be
        # resumed with more steps.
        if steps % self.every == 0 or steps == trainer.num_training_batches:
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

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Say how to go on after Ctrl-C."""
        if isinstance(exception, KeyboardInterrupt) and (self.folder / "last.ckpt").is_file():
            log.info(f"interrupted; go on with resume=auto output_dir={self.folder.parent}")

    def state_dict(self) -> dict[str, Any]:
        """The best value so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.best = float(state_dict["best"])

    def _save(self, trainer: L.Trainer, name: str) -> None:
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            trainer.save_checkpoint(part)
            if trainer.is_global_zero:
                part.replace(self.folder / name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(
                f"{self.folder / name} could not be written ({error.strerror}); the one before it is untouched. "
                f"Make room, then go on with resume=auto output_dir={self.folder.parent}"
            ) from error
