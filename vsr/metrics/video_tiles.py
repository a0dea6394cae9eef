"""Features of short pieces of video, for the Fréchet video distance."""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.features import FrozenFeatures
from vsr.metrics.chunk import Both, Chunk

FRAMES, SIDE = 16, 224
LAYER = "logits"
DIMENSIONS = 400


def tiles(clip: Tensor) -> Tensor:
    """Tiles of 224 px around the middle of the frames, which touch; of a shorter side the whole.

    Not the whole frame made smaller, as for the FVD of small generated videos: at 224 px little is left of what tells
    SR from HR.

    Args:
        clip: (T, 3, H, W).

    Returns:
        (N, T, 3, h, w).
    """
    for dim in (-2, -1):
        size = clip.shape[dim]
        side = min(size, SIDE)
        count = size // side
        clip = clip.narrow(dim, (size - count * side) // 2, count * side)
    side_h, side_w = (min(size, SIDE) for size in clip.shape[-2:])
    cut = clip.unfold(2, side_h, side_h).unfold(3, side_w, side_w)  # (T, 3, rows, columns, h, w)
    return cut.permute(2, 3, 0, 1, 4, 5).flatten(0, 1)


class VideoTiles:
    """I3D's logits (Carreira and Zisserman, CVPR 2017) of pieces of 16 frames; what is left at the end is dropped.

    Args:
        network: I3D.
    """

    def __init__(self, network: FrozenFeatures) -> None:
        self.network = network
        self._frames: Both | None = None

    def add(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        """Features (n, 400) of SR and of HR, n = 0 until 16 frames have come."""
        held = chunk.inner
        if self._frames is not None:
            held = Both(*(torch.cat(parts) for parts in zip(self._frames, held, strict=True)))
        whole = len(held.sr) // FRAMES * FRAMES
        self._frames = Both(held.sr[whole:].clone(), held.hr[whole:].clone())
        sr, hr = (self._features(clip[:whole]) for clip in held)
        return sr, hr

    def _features(self, clip: Tensor) -> Tensor:
        features = [clip.new_empty(0, DIMENSIONS)]
        for piece in clip.split(FRAMES):
            if len(piece):
                features += [self.network(tile[None], (LAYER,))[LAYER] for tile in tiles(piece)]
        return torch.cat(features)
