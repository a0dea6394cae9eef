"""The motion of a clip: where each pixel goes, where it came from, and what is hidden on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor


class Motion(NamedTuple):
    """Flow and occlusion between neighbouring frames t and t+1 of clips of T frames.

    Flow is in pixels, ``(B, T-1, 2, H, W)``; ``warp(frame t, flow_to_previous)`` lies on the grid of frame t+1 and
    ``warp(frame t+1, flow_to_next)`` on that of frame t. Occlusion is bool, ``(B, T-1, 1, H, W)``:
    ``occluded_in_previous`` marks the pixels of frame t+1 that frame t does not show, ``occluded_in_next`` those of
    frame t that frame t+1 does not show.
    """

    flow_to_next: Tensor
    flow_to_previous: Tensor
    occluded_in_next: Tensor
    occluded_in_previous: Tensor

    @classmethod
    def of_batch(cls, batch: Mapping[str, Any]) -> Motion | None:
        """The motion of ``batch["hr"]`` where the data know it, as synthetic scenes do."""
        return cls(*(batch[field] for field in cls._fields)) if "flow_to_next" in batch else None
