"""Some successive frames of a clip as the metrics see them: what several of them need is computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from vsr.features import FrozenFeatures
from vsr.metrics.protocol import Protocol

T = TypeVar("T")
Layers = Mapping[FrozenFeatures, tuple[str, ...]]
Features = Mapping[str, Tensor]


class Both(NamedTuple):
    """The same of SR and of HR."""

    sr: Tensor
    hr: Tensor


class Chunk:
    """Frames of SR and HR, prepared as the protocol has it.

    Args:
        sr: frames (n, 3, H, W) in [0, 1].
        hr: likewise.
        protocol: how to prepare them.
        layers: of each frozen network those that any metric asks for; the network runs once for all of them.

    Attributes:
        whole: the frames rounded, for flow, which needs what lies around a pixel.
        inner: of those the part that counts.
    """

    def __init__(self, sr: Tensor, hr: Tensor, protocol: Protocol, layers: Layers) -> None:
        self.protocol = protocol
        self.whole = Both(protocol.rounded(sr), protocol.rounded(hr))
        self.inner = Both(protocol.cropped(self.whole.sr), protocol.cropped(self.whole.hr))
        self._layers = layers
        self._features: dict[FrozenFeatures, tuple[Features, Features]] = {}
        self._results: dict[Callable[..., Any], Any] = {}

    def once(self, compute: Callable[[Chunk], T]) -> T:
        """``compute(self)``, computed on the first call only."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        return self._results[compute]

    def features(self, network: FrozenFeatures) -> tuple[Features, Features]:
        """Of the inner part of SR and of HR, by layer, each (n, C', H', W') in float32."""
        if network not in self._features:
            both = network(torch.cat(self.inner), self._layers[network])
            halves = {layer: feature.chunk(2) for layer, feature in both.items()}
            self._features[network] = (
                {layer: sr for layer, (sr, _) in halves.items()},
                {layer: hr for layer, (_, hr) in halves.items()},
            )
        return self._features[network]
