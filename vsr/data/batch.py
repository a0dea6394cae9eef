"""What becomes of a batch of training items on the device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vsr.degradations.per_clip import Degradation, degrade


def hr_and_lr(batch: dict[str, Any], degradation: Degradation) -> tuple[Tensor, Tensor]:
    """HR (B, T, 3, H, W) and LR (B, T, 3, H/scale, W/scale) in [0, 1] of a batch of `TrainingClips`' items; LR is the
    batch's own, or made here. Where the batch is to be mirrored, both come back, 2T frames."""
    hr = _in_unit_range(batch["hr"])
    lr = _in_unit_range(batch["lr"]) if "lr" in batch else degrade(degradation, hr, batch["key"].tolist())
    if "mirrored" in batch:
        hr, lr = (torch.cat((video, video.flip(1)), dim=1) for video in (hr, lr))
    return hr, lr


def _in_unit_range(video: Tensor) -> Tensor:
    return video.float() / 255 if video.dtype == torch.uint8 else video
