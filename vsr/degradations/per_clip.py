"""Random degradations, each clip of a batch by a draw of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.seeds import drawing_from

Degradation = Callable[[Tensor], Tensor]


def degrade(degradation: Degradation, hr: Tensor, keys: Sequence[Sequence[int]]) -> Tensor:
    """LR of each clip, drawn from the clip's key alone: it depends neither on the other clips of the batch nor on what
    was drawn before. The global generators of the host, from which degradations draw, are left as they were.

    Args:
        degradation: one whose ``is_random`` is False is given the whole batch at once.
        hr: (B, T, 3, H, W) float in [0, 1].
        keys: of each clip, whole numbers of at least 0, such as (seed, index).

    Raises:
        ValueError: not as many keys as clips.
    """
    if len(keys) != len(hr):
        raise ValueError(f"{len(keys)} keys for {len(hr)} clips")
    if not getattr(degradation, "is_random", True):
        return degradation(hr)
    return torch.cat([_drawn_from(key, degradation, clip) for key, clip in zip(keys, hr.split(1), strict=True)])


def _drawn_from(key: Sequence[int], degradation: Degradation, clip: Tensor) -> Tensor:
    with drawing_from(*key):
        return degradation(clip)
