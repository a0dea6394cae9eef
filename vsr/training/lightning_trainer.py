"""Lightning's Trainer, set up so that every length and interval counts generator steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger

from vsr.errors import UserError
from vsr.training.progress import Progress
from vsr.training.speed import Speed


def lightning_trainer(
    max_steps: int,
    val_every: int,
    log_every: int,
    loggers: Iterable[Logger],
    callbacks: Iterable[Callback],
    output_dir: str,
    **options: Any,
) -> L.Trainer:
    """A Trainer whose single epoch is the whole run.

    Lightning's own ``max_steps`` counts the steps of all optimisers, so it would stop a GAN half-way; here the
    length of the data is the length of the run, one batch a generator step.

    Args:
        max_steps: length of the run, in generator steps.
        val_every: generator steps between validations; at least one takes place at the end.
        log_every: generator steps between rows of ``metrics.csv`` and of the other loggers; where output goes to no
            terminal, ten times as many between lines of progress.
        loggers: where metrics go.
        callbacks: of the run.
        output_dir: where Lightning may write.
        options: further arguments of ``lightning.Trainer``: accelerator, devices, strategy, precision …

    Raises:
        UserError: a length below 1.
    """
    for name, number in (("max_steps", max_steps), ("val_every", val_every), ("log_every", log_every)):
        if number < 1:
            raise UserError(f"trainer.{name}={number} must be at least 1")
    speed = Speed()  # before those who read what it logs
    return L.Trainer(
        max_epochs=1,
        max_steps=-1,
        val_check_interval=min(val_every, max_steps),
        check_val_every_n_epoch=None,
        log_every_n_steps=min(log_every, max_steps),
        logger=list(loggers),
        callbacks=[speed, *callbacks, Progress(speed)],
        default_root_dir=output_dir,
        use_distributed_sampler=False,  # ours deals clips out to ranks so that two ranks see what one would
        enable_checkpointing=False,  # `Checkpoints` counts generator steps, ModelCheckpoint does not
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **options,
    )
