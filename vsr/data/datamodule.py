"""Training and validation loaders over any source of clips."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Subset, default_collate

from vsr.data.broken import leave_out
from vsr.data.clip import Clip
from vsr.data.clip_sampler import ClipSampler
from vsr.data.evaluation_clips import MIN_LR, EvaluationClips
from vsr.data.processes import begin, clean_context
from vsr.data.sampler import StepSampler
from vsr.data.training_clips import TrainingClips, too_small
from vsr.errors import UserError


class ClipDataModule(LightningDataModule):
    """Training batches of `TrainingClips`' items, stacked, with all their ``"broken"`` in one list, and whole
    validation clips, one at a time (`EvaluationClips`: no batch dimension).

    The trainer sets `batches` (batches of the whole run), `start_batch` (where a resumed run goes on) and, for a
    degradation that the workers run, `degradation`, before the loaders are made, and must not replace the samplers
    (``use_distributed_sampler=False``).

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
        flips: see `ClipSampler`, likewise ``transpose``, ``reverse``, ``strides`` and ``moving_first_frame``.
        transpose: see ``flips``.
        reverse: see ``flips``.
        strides: see ``flips``.
        moving_first_frame: see ``flips``.
        mirror: see `TrainingClips`, likewise ``with_motion``.
        with_motion: see ``mirror``.
        max_broken: greatest share of the training clips that may be too small, or turn out broken in training.
        max_val_frames: at most so many frames of each validation clip; None: all.
        max_val_clips: at most so many validation clips; None: all.
        scored: see `EvaluationClips`.
        mirror_val: see `EvaluationClips`' ``mirror``.

    Raises:
        UserError: ``frames`` or ``batch_size`` below 1, ``workers`` below 0, ``crop`` no multiple of ``scale``, too
            many clips that are too small, or what `ClipSampler`, `TrainingClips` and `EvaluationClips` raise.
    """

    batches = 0
    start_batch = 0
    degradation: Callable[[torch.Tensor], torch.Tensor] | None = None

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
        strides: Sequence[int] = (1,),
        moving_first_frame: float = 0.0,
        mirror: bool = False,
        with_motion: bool = False,
        max_broken: float = 0.1,
        max_val_frames: int | None = None,
        max_val_clips: int | None = None,
        scored: Sequence[int] | None = None,
        mirror_val: bool = False,
    ) -> None:
        super().__init__()
        _check_least({"frames": (frames, 1), "batch_size": (batch_size, 1), "workers": (workers, 0)})
        self.name, self.batch_size, self.workers, self.max_broken = name, batch_size, workers, max_broken
        self.broken = [file for source in (train, val) for file in getattr(source, "broken", ())]
        self.files = len(self.broken) + sum(len(source) for source in (train, val) if source is not None)
        self.train_clips = self.val_clips = None
        if train is not None:
            if crop % scale:
                remedy = max(crop // scale, 1) * scale
                raise UserError(f"data.crop={crop} is not a multiple of scale={scale}. Try data.crop={remedy}.")
            small = too_small(train, crop, "data.crop")
            leave_out(small, len(train), max_broken)
            self.broken += small
            grid = scale if any(hasattr(clip, "lr") for clip in train) else 1
            sampler = ClipSampler(
                train, frames, crop, seed, flips, transpose, reverse, strides, moving_first_frame, grid
            )
            if val is not None:
                val = self._large_enough(val, scale)
            self.train_clips = TrainingClips(train, sampler, scale, mirror, with_motion)
        if val is not None:
            self.val_clips = EvaluationClips(
                val, scale, max_val_frames, max_val_clips, scored=scored, mirror=mirror_val
            )

    def _large_enough(self, val: Sequence[Clip], scale: int) -> Sequence[Clip]:
        """The validation clips that are no smaller than generators take; of a run that trains, the others are left out
        like small training clips, be it all but one."""
        small = too_small(val, MIN_LR * scale, f"{MIN_LR}*scale")
        if len(small) == len(val):
            return val
        leave_out(small, len(val), 1.0)
        self.broken += small
        return [clip for clip in val if min(clip.size) >= MIN_LR * scale]

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Batches ``start_batch`` to ``batches`` of this rank."""
        if self.train_clips is None:
            raise UserError(f"data={self.name} is for evaluation only. Choose another data= to train on.")
        assert self.batches > self.start_batch, "the trainer sets `batches` before the loaders are made"
        self.train_clips.degradation = self.degradation
        sampler = StepSampler(self.batches, self.batch_size, self.start_batch, *_rank_and_world())
        return DataLoader(self.train_clips, batch_sampler=sampler, collate_fn=_collate, **self._worker_settings())

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
            # Of machines with fewer cores than `workers`; where data are slow, a run says so itself.
            warnings.filterwarnings("ignore", ".*suggested max number of worker.*")
            settings |= {
                "num_workers": self.workers,
                "persistent_workers": True,
                "worker_init_fn": begin,
                "multiprocessing_context": clean_context("__main__", __name__),
            }
        return settings


def _collate(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The items stacked, and what any of them found broken in one list."""
    broken = [file for item in items for file in item["broken"]]
    fields = [{name: value for name, value in item.items() if name != "broken"} for item in items]
    return {**default_collate(fields), "broken": broken}


def _check_least(settings: dict[str, tuple[int, int]]) -> None:
    """Refuse the first of ``{name: (value, least)}`` whose value is below its least."""
    for name, (value, least) in settings.items():
        if value < least:
            raise UserError(f"data.{name}={value} is too low: it must be at least {least}.")


def _rank_and_world() -> tuple[int, int]:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
