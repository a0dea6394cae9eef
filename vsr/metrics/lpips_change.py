"""tLP: whether SR changes from frame to frame as much as HR does (TecoGAN, Chu et al., SIGGRAPH 2020)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vsr.metrics.chunk import Chunk, Features
from vsr.metrics.lpips import Lpips
from vsr.metrics.running import Neighbours, Running


class LpipsChange(Running):
    """|LPIPS(x_{t−1}, x_t) − LPIPS(y_{t−1}, y_t)| of SR x and HR y, on the features that `lpips` reads.

    Args:
        lpips: the distance.
    """

    def __init__(self, lpips: Lpips) -> None:
        self.lpips = lpips
        layers = lpips.layers[lpips.network]
        self._sr, self._hr = ({layer: Neighbours() for layer in layers} for _ in range(2))

    def add(self, chunk: Chunk) -> Tensor:
        """One value a pair."""
        sr, hr = chunk.features(self.lpips.network)
        sr_pairs, hr_pairs = _pairs(sr, self._sr), _pairs(hr, self._hr)
        if not len(next(iter(sr_pairs[0].values()))):
            return torch.empty(0)
        return (self.lpips.distance(*sr_pairs) - self.lpips.distance(*hr_pairs)).abs()


def _pairs(features: Features, neighbours: Mapping[str, Neighbours]) -> tuple[Features, Features]:
    """Features by layer of the earlier and of the later frame of each pair."""
    pairs = {layer: each(features[layer]) for layer, each in neighbours.items()}
    earlier, later = ({layer: pair[which] for layer, pair in pairs.items()} for which in (0, 1))
    return earlier, later
