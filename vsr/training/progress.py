"""What a run shows of itself while it trains: one bar on a terminal, plain lines in a log file."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from vsr.metrics import METRICS
from vsr.results_layout import BICUBIC
from vsr.training.scored import SR, ScoredModule
from vsr.training.speed import GIB, Speed, is_logged, peak_memory

log = logging.getLogger(__name__)


class Progress(ProgressBar):
    """Step, time left, step time, data time, clips per second, peak memory and loss; after a validation, its scores.

    Args:
        speed: what has been measured; a callback that runs before this one.
        lines_every: log steps from one plain line to the next, where standard output is no terminal.
    """

    def __init__(self, speed: Speed, lines_every: int = 10) -> None:
        super().__init__()
        self.speed = speed
        self.lines_every = lines_every
        self.shown = True
        self._bar: tqdm | None = None
        self._bar_is_shown = ExitStack()

    def disable(self) -> None:
        """Show nothing: Lightning calls it on every rank but the first."""
        self.shown = False

    def enable(self) -> None:
        """Show it again."""
        self.shown = True

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draw the bar, from the step that a resumed run goes on from."""
        if not (self.shown and sys.stdout.isatty()):
            return
        self._bar_is_shown.enter_context(logging_redirect_tqdm())  # messages go above the bar, not into it
        self._bar = self._bar_is_shown.enter_context(
            tqdm(
                desc="training",
                total=int(trainer.num_training_batches),
                initial=pl_module.generator_steps,
                file=sys.stdout,
                dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}",
            )
        )

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Move on; numbers follow at log steps, since reading the loss waits for the device."""
        self.speed.ready()  # the bar is the last of the callbacks
        if self._bar is not None:
            self._bar.update()
        if not (self.shown and is_logged(trainer, pl_module)):
            return
        step: int = pl_module.generator_steps  # type: ignore[assignment]
        if self._bar is not None:
            self._bar.set_postfix_str(self._status(trainer, pl_module, step))
        elif step % (self.lines_every * trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            log.info(f"step {step}/{trainer.num_training_batches}, {self._status(trainer, pl_module, step)}")

    def _status(self, trainer: L.Trainer, pl_module: L.LightningModule, step: int) -> str:
        recent = self.speed.recent
        left = timedelta(seconds=round(self.speed.seconds_left(trainer, step)))
        loss = trainer.callback_metrics.get("train/loss")
        return (
            f"{left} left, {recent.seconds:.3g} s a step ({recent.data_seconds / recent.seconds:.0%} data), "
            f"{recent.clips / recent.seconds:.3g} clips/s, {peak_memory(pl_module.device) / GIB:.2f} GiB"
            + (f", loss {float(loss):.4g}" if loss is not None else "")
        )

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Say so where no bar will."""
        if self.shown and trainer.state.fn != "fit":
            log.info("validating")

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count clips in front of the bar."""
        if self._bar is not None:
            self._bar.set_description(f"validating {batch_idx + 1}/{trainer.num_val_batches[0]}")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the scores down for good."""
        self.speed.ready()
        if self._bar is not None:
            self._bar.set_description("training")
        if self.shown and trainer.state.fn == "fit":
            assert isinstance(pl_module, ScoredModule)
            log.info(f"validation at step {pl_module.generator_steps}: {scores(pl_module)}")

    def on_train_end(self, *_: Any) -> None:
        """Leave the bar as it is."""
        self._bar_is_shown.close()
        self._bar = None

    def on_exception(self, *_: Any) -> None:
        """Leave the bar, so that what went wrong is said below it."""
        self.on_train_end()


def scores(module: ScoredModule) -> str:
    """The means of the last validation, each beside bicubic's."""
    bicubic = module.scores[BICUBIC].values
    return ", ".join(
        f"{name} {score:.{METRICS[name].decimals}f} (bicubic {bicubic[name]:.{METRICS[name].decimals}f})"
        for name, score in module.scores[SR].values.items()
    )
