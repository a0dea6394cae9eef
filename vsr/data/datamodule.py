"""Training and validation loaders over any source of clips."""

import multiprocessing
from collections.abc import Sequence
from multiprocessing.context import BaseContext
from typing import Any

import cv2
import torch
import torch.distributed
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Subset

from vsr.data.clip import Clip
from vsr.data.evaluation_clips import EvaluationClips
from vsr.data.sampler import StepSampler
from vsr.data.training_clips import TrainingClips
from vsr.errors import UserError


class ClipDataModule(LightningDataModule):
    """Training batches ``{"hr": uint8 (B, T, 3, crop, crop), "name": [str]}`` and, one at a time, whole validation
    clips (`EvaluationClips`: no batch dimension).

    The trainer sets `batches` (batches of the whole run) and `start_batch` (where a resumed run goes on) before the
    loaders are made, and must not replace the samplers (``use_distributed_sampler=False``).

    Args:
        train: source of training clips; None: evaluation only.
        val: source of validation clips; None: training only.
        name: of the data set, for records.
        scale: super-resolution factor.
        frames: T, frames in a training item.
        crop: side of a training crop in HR pixels, a multiple of ``scale``.
        batch_size: training items a batch and device.
        seed: of all training draws.
        workers: reading processes a loader; 0 reads in the training process.
        flips: see `TrainingClips`, likewise ``transpose``, ``reverse``, ``with_motion``.
        transpose: see ``flips``.
        reverse: see ``flips``.
        with_motion: see ``flips``.
        val_lr: low-resolution source paired with ``val``; None: LR is made from HR.
        max_val_frames: at most so many frames of each validation clip; None: all.
        max_val_clips: at most so many validation clips; None: all.

    Raises:
        UserError: ``frames`` or ``batch_size`` below 1, ``workers`` below 0, ``crop`` no multiple
            of ``scale``, or what `TrainingClips` and `EvaluationClips` raise.
    """

    batches = 0
    start_batch = 0

    def __init__(
        self,
        train: Sequence[Clip] | None,
        val: Sequence[Clip] | None,
        name: str,
        scale: int,
        frames: int = 5,
        crop: int = 128,
        batch_size: int = 4,
        seed: int = 0,
        workers: int = 0,
        flips: bool = True,
        transpose: bool = True,
        reverse: bool = True,
        with_motion: bool = False,
        val_lr: Sequence[Clip] | None = None,
        max_val_frames: int | None = None,
        max_val_clips: int | None = None,
    ) -> None:
        super().__init__()
        _check_least({"frames": (frames, 1), "batch_size": (batch_size, 1), "workers": (workers, 0)})
        self.name, self.batch_size, self.workers = name, batch_size, workers
        self.train_clips = self.val_clips = None
        if train is not None:
            if crop % scale:
                remedy = max(crop // scale, 1) * scale
                raise UserError(f"data.crop={crop} is not a multiple of scale={scale}. Try data.crop={remedy}.")
            self.train_clips = TrainingClips(train, frames, crop, seed, flips, transpose, reverse, with_motion)
        if val is not None:
            self.val_clips = EvaluationClips(val, scale, val_lr, max_val_frames, max_val_clips)

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Batches ``start_batch`` to ``batches`` of this rank."""
        if self.train_clips is None:
            raise UserError(f"data={self.name} is for evaluation only. Choose another data= to train on.")
        assert self.batches > self.start_batch, "the trainer sets `batches` before the loaders are made"
        sampler = StepSampler(self.batches, self.batch_size, self.start_batch, *_rank_and_world())
        return DataLoader(self.train_clips, batch_sampler=sampler, **self._worker_settings())

    def val_dataloader(self) -> DataLoader[dict[str, Any]] | list[Any]:
        """Whole clips, one an item. Every rank gets equally many, or the collectives of a validation step would hang:
        where they do not divide, some clips are seen by two ranks. Collect results by clip name."""
        if self.val_clips is None:
            return []
        rank, world = _rank_and_world()
        total = len(self.val_clips)
        share = [(rank + turn * world) % total for turn in range(-(-total // world))]
        return DataLoader(Subset(self.val_clips, share), batch_size=None, **self._worker_settings())

    def _worker_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"pin_memory": torch.cuda.is_available()}
        if self.workers:
            settings |= {
                "num_workers": self.workers,
                "persistent_workers": True,
                "worker_init_fn": _one_thread,
                # Never fork: OpenCV's and decord's threads and locks do not survive it.
                "multiprocessing_context": _clean_context(),
            }
        return settings


def _check_least(settings: dict[str, tuple[int, int]]) -> None:
    """Refuse the first of ``{name: (value, least)}`` whose value is below its least."""
    for name, (value, least) in settings.items():
        if value < least:
            raise UserError(f"data.{name}={value} is too low: it must be at least {least}.")


def _rank_and_world() -> tuple[int, int]:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def _clean_context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])  # imported once, not once a worker
    return context


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
