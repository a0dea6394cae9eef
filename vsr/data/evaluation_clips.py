"""Whole clips in order, as evaluation wants them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from vsr.data.clip import Clip
from vsr.errors import UserError, nearest


class EvaluationClips(Dataset[dict[str, Any]]):
    """Item: ``{"hr": uint8 (T, 3, H, W), "name": str}`` and, with a low-resolution source, ``"lr": uint8
    (T, 3, H/scale, W/scale)``. Pictures are cut at the right and bottom to a multiple of ``scale``.

    Args:
        clips: the source.
        scale: super-resolution factor.
        lr: low-resolution source with the same clip names; None: the caller makes LR itself.
        max_frames: at most so many frames a clip; None: all.
        max_clips: at most so many clips; None: all.
        min_size: smallest side of an LR picture in pixels: what generators are given at least.

    Raises:
        UserError: no clips, a picture whose LR is smaller than ``min_size``, or an LR clip that is missing or does not
            fit.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        scale: int,
        lr: Sequence[Clip] | None = None,
        max_frames: int | None = None,
        max_clips: int | None = None,
        min_size: int = 16,
    ) -> None:
        self.clips = list(clips)[:max_clips]
        self.scale, self.max_frames = scale, max_frames
        if not self.clips:
            raise UserError("There are no clips to evaluate. Check data.root and data.max_val_clips.")
        for clip in self.clips:
            _check(clip, scale, min_size)
        self.lr = None if lr is None else [_partner(clip, lr, scale) for clip in self.clips]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> dict[str, Any]:
        clip = self.clips[index]
        span = range(clip.length)[: self.max_frames]
        height, width = (side // self.scale for side in clip.size)
        hr = clip.read(span)[:, : height * self.scale, : width * self.scale]
        item = {"hr": _tensor(hr), "name": clip.name}
        if self.lr is not None:
            item["lr"] = _tensor(self.lr[index].read(span))
        return item


def _tensor(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames.transpose(0, 3, 1, 2).copy(order="C"))


def _check(clip: Clip, scale: int, min_size: int) -> None:
    if min(clip.size) < min_size * scale:
        raise UserError(
            f"Clip '{clip.name}' is {clip.size[1]}x{clip.size[0]}, too small to evaluate at scale={scale}: each side "
            f"must be at least {min_size * scale} px. Remove it."
        )


def _partner(clip: Clip, lr: Sequence[Clip], scale: int) -> Clip:
    by_name = {candidate.name: candidate for candidate in lr}
    if clip.name not in by_name:
        raise UserError(f"Clip '{clip.name}' has no low-resolution partner (data.lr).{nearest(clip.name, by_name)}")
    partner = by_name[clip.name]
    if partner.length != clip.length:
        raise UserError(f"Clip '{clip.name}' has {clip.length} frames, its low-resolution partner {partner.length}.")
    expected = (clip.size[0] // scale, clip.size[1] // scale)
    if partner.size != expected:
        raise UserError(
            f"The low-resolution partner of clip '{clip.name}' is {partner.size[1]}x{partner.size[0]}, not "
            f"{expected[1]}x{expected[0]} as scale={scale} asks. Change scale, or set data.lr=null to make it anew."
        )
    return partner
