"""Whole clips in order, as evaluation wants them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clip, Window
from vsr.errors import UserError

MIN_LR = 16
"""Smallest side of an LR picture that generators are given, in pixels."""


class EvaluationClips(Dataset[dict[str, Any]]):
    """Item: ``{"hr": uint8 (T, 3, H, W), "name": str}`` and, of a clip that brings its LR, ``"lr": uint8
    (T, 3, H/scale, W/scale)``. Pictures are cut at the right and bottom to a multiple of ``scale``. Of a clip that
    cannot be read: ``{"name": str, "broken": [(path, why)]}``.

    Args:
        clips: the source.
        scale: super-resolution factor.
        max_frames: at most so many frames a clip; None: all.
        max_clips: at most so many clips; None: all.
        min_size: smallest side of an LR picture in pixels: what generators are given at least.
        scored: numbers of the frames that count; None: all. Given on as ``"scored"`` in each item.
        mirror: the generator is to be given the clip followed by itself backwards. Given on as ``"mirrored"``.

    Raises:
        UserError: no clips or frames are asked for or there, a picture whose LR is smaller than ``min_size``, or a
            clip without a frame that counts.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        scale: int,
        max_frames: int | None = None,
        max_clips: int | None = None,
        min_size: int = MIN_LR,
        scored: Sequence[int] | None = None,
        mirror: bool = False,
    ) -> None:
        for name, most in (("max_val_frames", max_frames), ("max_val_clips", max_clips)):
            if most is not None and most < 1:
                raise UserError(f"data.{name}={most} must be at least 1, or null for all")
        self.clips = list(clips)[:max_clips]
        self.scale, self.max_frames = scale, max_frames
        if not self.clips:
            raise UserError("There are no clips to evaluate. Check data.root and data.max_val_clips.")
        for clip in self.clips:
            _check(clip, scale, min_size)
            _check_scored(clip, len(range(clip.length)[:max_frames]), scored)
        self.scored, self.mirror = scored, mirror

    @property
    def brings_lr(self) -> bool:
        """Whether each clip has its LR."""
        return all(hasattr(clip, "lr") for clip in self.clips)

    @property
    def least(self) -> tuple[int, int, int]:
        """Fewest frames that count, smallest height and smallest width of any clip."""
        lengths = [len(range(clip.length)[: self.max_frames]) for clip in self.clips]
        sizes = [self._size(clip) for clip in self.clips]
        height, width = (min(sides) for sides in zip(*sizes, strict=True))
        return len(self.scored) if self.scored is not None else min(lengths), height, width

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> dict[str, Any]:
        clip: Any = self.clips[index]
        span = range(clip.length)[: self.max_frames]
        height, width = self._size(clip)
        try:
            item: dict[str, Any] = {"hr": _tensor(clip.read(span, Window(0, 0, height, width))), "name": clip.name}
            if hasattr(clip, "lr"):
                item["lr"] = _tensor(clip.lr.read(span))
        except BrokenFileError as error:
            return {"name": clip.name, "broken": [(error.path, str(error))]}
        if self.scored is not None:
            item["scored"] = list(self.scored)
        if self.mirror:
            item["mirrored"] = True
        return item

    def _size(self, clip: Clip) -> tuple[int, int]:
        height, width = (side // self.scale * self.scale for side in clip.size)
        return height, width


def _tensor(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames.transpose(0, 3, 1, 2).copy(order="C"))


def _check(clip: Clip, scale: int, min_size: int) -> None:
    if min(clip.size) < min_size * scale:
        raise UserError(
            f"Clip '{clip.name}' is {clip.size[1]}x{clip.size[0]}, too small to evaluate at scale={scale}: each side "
            f"must be at least {min_size * scale} px. Remove it."
        )


def _check_scored(clip: Clip, frames: int, scored: Sequence[int] | None) -> None:
    if scored is not None and max(scored) >= frames:
        raise UserError(
            f"Of clip '{clip.name}' {frames} frames are read, and frame {max(scored)} is to be scored: "
            "let data.scored and data.max_val_frames agree."
        )
