"""From the values of clips to those of a set, also where several processes score different clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torchmetrics
from torch import Tensor, nn

from vsr.metrics.too_few import TooFewError


class MeanOverClips(torchmetrics.Metric):
    """Mean over clips of the mean over the frames of each: long and short clips count alike."""

    full_state_update = False
    total: Tensor
    clips: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("clips", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, values: Tensor) -> None:
        """Values (T,) of the frames, or of the pairs of frames, of one clip."""
        self.total += values.double().mean()
        self.clips += 1

    def compute(self) -> Tensor:
        """Scalar in float64; NaN of no clip."""
        return self.total / self.clips


class SetScores(NamedTuple):
    """One number a metric, and for those that cannot be had, why."""

    values: dict[str, float]
    refused: dict[str, str]


class OverClips(nn.Module):
    """Gathers the clips of one generator.

    `compute` sums over processes, as torchmetrics does: move it `to` a device that they can exchange tensors from.

    Args:
        metrics: by name, each a `torchmetrics.Metric`: `MeanOverClips`, or a distance between sets of features.
    """

    def __init__(self, metrics: Mapping[str, torchmetrics.Metric]) -> None:
        super().__init__()
        self.metrics = nn.ModuleDict(metrics)

    def update(self, name: str, *values: Tensor) -> None:
        """Hand values on to the metric ``name``."""
        metric = self.metrics[name]
        assert isinstance(metric, torchmetrics.Metric)
        metric.update(*(value.to(metric.device) for value in values))

    def compute(self) -> SetScores:
        """Values of the set."""
        scores = SetScores({}, {})
        for name, metric in self.metrics.items():
            assert isinstance(metric, torchmetrics.Metric)
            try:
                scores.values[name] = float(metric.compute())
            except TooFewError as error:
                scores.refused[name] = str(error)
                if metric._is_synced:
                    metric.unsync()  # torchmetrics does not where computing raises
        return scores
