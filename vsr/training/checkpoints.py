"""When a run saves itself: ``last.ckpt``, ``best.ckpt`` and, if asked for, one every so many steps."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from vsr.errors import UserError, choose
from vsr.metrics import METRICS, ClipScorer
from vsr.training.checkpoint_file import DirectCheckpointIO, copy, remove_surplus, step_name, together, write
from vsr.training.metrics_csv import MetricsCSV
from vsr.training.stop_signal import StopSignal
from vsr.whole_file import remove_scratch, whole_file

log = logging.getLogger(__name__)


class Checkpoints(Callback):
    """Saves the last state every so many generator steps, before each validation, at the end and when the run is told
    to stop, and the best validation's by one metric.

    Lightning's ModelCheckpoint counts the steps of all optimisers, so with a GAN its intervals are not what they say.
    A checkpoint replaces the one before it only once it is complete.

    Args:
        folder: where to write.
        every: generator steps between saves of ``last.ckpt``, at least 1.
        monitor: metric that decides which is ``best.ckpt``; which way is better, the table of metrics says. Of equals
            the earlier one.
        keep_every: generator steps between checkpoints ``step_0001000.ckpt`` that are not overwritten; None: none.
        keep: how many of these stay; the oldest goes when a new one is complete.

    Raises:
        UserError: a metric that the table does not know or validation does not score, or a number below 1.
    """

    def __init__(
        self,
        folder: str,
        every: int = 500,
        monitor: str = "psnr_y",
        keep_every: int | None = None,
        keep: int = 3,
    ) -> None:
        for name, number in (("every", every), ("keep_every", keep_every), ("keep", keep)):
            if number is not None and number < 1:
                raise UserError(f"callbacks.checkpoints.{name}={number} must be at least 1")
        self.folder = Path(folder)
        self.every, self.keep_every, self.keep = every, keep_every, keep
        self.monitor = choose("callbacks.checkpoints.monitor", monitor, METRICS)
        self.best = -math.inf
        self.validated_at: int | None = None
        self._row: dict[str, float] = {}
        self._stop = StopSignal()
        self._file = DirectCheckpointIO()

    @property
    def last(self) -> Path:
        """The checkpoint to go on from."""
        return self.folder / "last.ckpt"

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Clear up after a run that was killed."""
        trainer.strategy.checkpoint_io = self._file
        if trainer.is_global_zero:
            remove_scratch(self.folder)

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse a metric that no validation will give."""
        scorer: ClipScorer = pl_module.evaluator.scorer  # type: ignore[union-attr, assignment]
        scored = [*scorer.measures, *scorer.set_measures]
        if self.monitor not in scored:
            raise UserError(
                f"callbacks.checkpoints.monitor={self.monitor} is not scored; add it to metrics=[{','.join(scored)}]"
            )

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Listen for signals, and write the row that a killed process saved but did not get to write."""
        self._stop.listen()
        self._write_row(trainer, _steps(pl_module))

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Save where a generator step calls for it, and leave where a signal did."""
        steps = _steps(pl_module)
        ends = steps == trainer.num_training_batches
        if ends:
            trainer.should_stop = True  # so the last validation is now, whether or not `val_every` divides the length
        told_to_stop = self._stop.came(trainer)
        keeps = self.keep_every is not None and steps % self.keep_every == 0
        # Before a validation too: it may take long.
        due = any(interval and steps % interval == 0 for interval in (self.every, trainer.val_check_batch))
        if ends or told_to_stop or keeps or due:
            # Lightning logs the step only after this: killed in between, the run would lack its row for good.
            logs = steps % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]
            self._row = _row(trainer) if logs else {}
            self._save(trainer, [step_name(steps)] if keeps else [])
        if keeps and trainer.is_global_zero:
            remove_surplus(self.folder, steps, self.keep)
        if told_to_stop:
            self._leave(trainer, pl_module)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Listen for signals where a resumed run is only scored."""
        self._stop.listen()

    def on_validation_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Leave where a signal said so: the step was saved before the validation began."""
        if self._stop.came(trainer):
            self._leave(trainer, pl_module)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note in ``last.ckpt`` that its step is validated; it is ``best.ckpt`` too if this validation was the best.

        Both are written from the checkpoint made before the validation, so all are of the same moment of a step.
        """
        resumed = trainer.ckpt_path if trainer.state.fn == "validate" else self.last
        if resumed is None:
            return
        with together(trainer):
            if trainer.is_global_zero:
                self._note_validation(trainer, pl_module, resumed)

    def _note_validation(self, trainer: L.Trainer, pl_module: L.LightningModule, validated: str | Path) -> None:
        checkpoint: dict[str, Any] = torch.load(validated, map_location="cpu", weights_only=True)
        self.validated_at = _steps(pl_module)
        value = trainer.callback_metrics.get(f"val/{self.monitor}")
        is_best = value is not None and self._goodness(float(value)) > self.best
        if value is not None and is_best:
            self.best = self._goodness(float(value))
        for callback in trainer.callbacks:  # type: ignore[attr-defined]  # others may have learnt from it, too
            if state := callback.state_dict():
                checkpoint["callbacks"][callback.state_key] = state
        self.on_save_checkpoint(trainer, pl_module, checkpoint)
        with whole_file(self.last, self._remedy) as part:
            write(checkpoint, part)
            if is_best:
                copy(part, self.folder / "best.ckpt")

    def _goodness(self, value: float) -> float:
        return value if METRICS[self.monitor].higher_is_better else -value

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Say how to go on after Ctrl-C."""
        if isinstance(exception, KeyboardInterrupt) and self.last.is_file():
            log.info(f"interrupted; go on with resume=auto output_dir={self.folder.parent}")

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Say at which generator step the last validation was."""
        checkpoint["validated_at"] = self.validated_at

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, by which metric, and the row of ``metrics.csv`` that belongs to this step."""
        return {"best": self.best, "monitor": self.monitor, "row": self._row}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there; by another metric, or without the file that was the best, the best is yet to come."""
        if state_dict.get("monitor") == self.monitor and (self.folder / "best.ckpt").is_file():
            self.best = max(self.best, float(state_dict["best"]))
        self._row = dict(state_dict.get("row", {}))

    @property
    def _remedy(self) -> str:
        return f"Make room, then go on with resume=auto output_dir={self.folder.parent}"

    def _save(self, trainer: L.Trainer, kept: Sequence[str]) -> None:
        """Write ``last.ckpt``, and the same under the names ``kept``."""
        first = trainer.is_global_zero
        writing = whole_file(self.last, self._remedy) if first else contextlib.nullcontext(self.last)
        with together(trainer), writing as path:
            trainer.save_checkpoint(path)  # all ranks take part, the first one writes
            self._file.check()
            for name in kept if first else ():
                copy(path, self.folder / name)

    def _write_row(self, trainer: L.Trainer, steps: int) -> None:
        for logger in trainer.loggers:
            if self._row and isinstance(logger, MetricsCSV):
                logger.log_metrics(self._row, step=steps)

    def _leave(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._write_row(trainer, _steps(pl_module))
        goes_on_by_itself = pl_module.config.get("resume") == "auto"  # type: ignore[operator, union-attr]
        self._stop.leave(trainer, self.folder.parent, _steps(pl_module), goes_on_by_itself)


def _steps(module: L.LightningModule) -> int:
    steps: int = module.generator_steps  # type: ignore[assignment]  # VideoSuperResolution counts them
    return steps


def _row(trainer: L.Trainer) -> dict[str, float]:
    """What Lightning is about to log of this step."""
    return {name: float(value) for name, value in trainer.logged_metrics.items() if name.startswith("train/")}
