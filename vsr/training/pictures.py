"""How the first validation clip looked at each validation."""

from __future__ import annotations

import glob
import shutil
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary

from vsr.errors import UserError
from vsr.inference.animation import animation
from vsr.training.scored import ScoredModule
from vsr.whole_file import whole_file


class Pictures(Callback):
    """Keeps the picture of the first clip of each validation, named by its step, and sends it and the clip to loggers.

    ``media/`` itself holds picture and video of every clip as of the newest validation; ``media/history/`` the
    pictures kept here. TensorBoard gets the clip as a GIF, the only moving picture it shows; wandb gets the video.

    Args:
        keep: at most so many pictures; the oldest go first.

    Raises:
        UserError: fewer than one to keep.
    """

    def __init__(self, keep: int = 100) -> None:
        if keep < 1:
            raise UserError(f"callbacks.pictures.keep={keep} must be at least 1; ~callbacks.pictures leaves them out")
        self.keep = keep

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: dict[str, Any],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Take up the first clip."""
        assert isinstance(pl_module, ScoredModule)
        media, step = pl_module.evaluator.media, pl_module.generator_steps
        if batch_idx or "hr" not in batch or media is None or not trainer.is_global_zero:
            return
        picture, video = media.paths(batch["name"])
        keep_picture(picture, media.folder / "history", step, self.keep)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                show_in_tensorboard(logger, picture, video, step)
            elif isinstance(logger, WandbLogger):
                logger.log_image("val/picture", [str(picture)], step=step)
                logger.log_video("val/clip", [str(video)], step=step, format=["mp4"])


def keep_picture(picture: Path, folder: Path, step: int, most: int) -> None:
    """Copy ``picture`` into ``folder`` under the name of its step, and remove the oldest of more than ``most``."""
    with whole_file(folder / f"{picture.stem}_step_{step:07d}.png") as part:
        shutil.copyfile(picture, part)
    for old in sorted(folder.glob(f"{glob.escape(picture.stem)}_step_*.png"))[:-most]:
        old.unlink()


def show_in_tensorboard(logger: TensorBoardLogger, picture: Path, video: Path, step: int) -> None:
    """Add the picture, and the video as a GIF: what TensorBoard's own `add_video` does by way of moviepy."""
    logger.experiment.add_image("val/picture", np.asarray(Image.open(picture)), step, dataformats="HWC")
    moving = animation(video)
    image = Summary.Image(height=moving.height, width=moving.width, colorspace=3, encoded_image_string=moving.gif)
    summary = Summary(value=[Summary.Value(tag="val/clip", image=image)])
    logger.experiment.file_writer.add_summary(summary, step)
