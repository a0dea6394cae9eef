"""The frontier of a set of scored points in a plane or space of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from vsr.frontier.axes import Axis
from vsr.frontier.hull import HullGap, hull_gap
from vsr.frontier.hypervolume import hypervolume
from vsr.frontier.pareto import nondominated
from vsr.frontier.point import Point, Published, Setting, Values
from vsr.frontier.rank_correlation import spearman, varied_weights
from vsr.frontier.roads import Road, roads
from vsr.frontier.spacing import Step, widest_step
from vsr.frontier.training_cost import training_seconds
from vsr.metrics import bootstrap


class RoadScores(NamedTuple):
    """What a road reaches: how many of its points are on the frontier of all, and the hypervolume of its own, also an
    hour of training (None where that is not known)."""

    road: Road
    on_frontier: int
    hypervolume: float
    hypervolume_per_hour: float | None


@dataclass(frozen=True)
class Frontier:
    """Points, axes and what follows from them. Other axes: ``dataclasses.replace(frontier, axes=…)``.

    Args:
        setting: what all points were scored on.
        axes: two or three.
        points: all have a value on each of ``axes``; from least to most distortion (best to worst by the first axis).
        metrics: an axis for every metric that some point has, by name: what ``axes`` can be switched to.
        bicubic: the baseline's scores of the set, of all metrics; empty where the files have none.
        reference: where the hypervolume ends, by metric; None: bicubic.
        published: points that were scored alike elsewhere.
        notes: one sentence each on what was left out, and on what a reader must know.
    """

    setting: Setting
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    metrics: Mapping[str, Axis]
    bicubic: Values
    reference: Values | None = None
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def on_frontier(self) -> tuple[bool, ...]:
        """Of each of ``points``, whether no other is at least as good on all axes and better on one."""
        return tuple(nondominated(self._places).tolist())

    @property
    def best(self) -> tuple[Point, ...]:
        """The points on the frontier, from least to most distortion."""
        return tuple(point for point, on in zip(self.points, self.on_frontier, strict=True) if on)

    @property
    def reference_values(self) -> dict[str, float]:
        """Where the hypervolume ends, by the axes' metrics."""
        given = self.bicubic if self.reference is None else self.reference
        return {each.metric: given[each.metric] for each in self.axes}

    @cached_property
    def counted(self) -> tuple[bool, ...]:
        """Of each of ``points``, whether it is better than the reference on every axis, and so adds hypervolume."""
        return tuple(np.all(self._places < self._coordinates([self.reference_values]), axis=1).tolist())

    @cached_property
    def hypervolume(self) -> float:
        """Of all points, in the product of the axes' units; 0 where no point is better than the reference."""
        return self.hypervolume_of(range(len(self.points)))

    def hypervolume_of(self, numbers: Sequence[int]) -> float:
        """Of the points of these ``numbers`` alone."""
        return float(hypervolume(self._places[list(numbers)], self._coordinates([self.reference_values])[0]))

    @cached_property
    def hypervolume_interval(self) -> tuple[float, float] | None:
        """Percentile bootstrap over clips of `hypervolume`, at `vsr.metrics.bootstrap.LEVEL`.

        Each draw takes the same clips for all points and for bicubic, and has a frontier of its own. None for a single
        clip, or where an axis has no values of single clips, as distribution distances do not.
        """
        bicubic_too = self.reference is None
        rows = [point.clips for point in self.points] + ([self.points[0].bicubic_clips] if bicubic_too else [])
        names = list(self.setting.frames)
        if len(names) < 2 or not all(self._has(row.get(clip, {})) for row in rows for clip in names):
            return None
        scores = np.stack([self._coordinates([row[clip] for row in rows]) for clip in names])
        draws = bootstrap.means(scores.reshape(len(names), -1)).reshape(-1, *scores.shape[1:])
        points = draws[:, : len(self.points)]
        reference = draws[:, -1] if bicubic_too else self._coordinates([self.reference_values])[0]
        low, high = bootstrap.percentiles(hypervolume(points, np.broadcast_to(reference, points[:, 0].shape)))
        return float(low), float(high)

    @cached_property
    def training_seconds(self) -> float | None:
        """Of all trainings that the points come from; None where one is not known."""
        return training_seconds(self.points, self.points)

    @property
    def hypervolume_per_hour(self) -> float | None:
        """Of training; None where its time is not known."""
        return _per_hour(self.hypervolume, self.training_seconds)

    @cached_property
    def hull_gap(self) -> HullGap | None:
        """In the plane of the first two axes; None with a third axis, or for a frontier of fewer than three points."""
        return hull_gap(self._places) if len(self.axes) == 2 else None

    @cached_property
    def widest_step(self) -> Step | None:
        """Where a point more tells most, in the plane of the two axes; None with a third, or for few points."""
        return widest_step(self._places) if len(self.axes) == 2 else None

    @cached_property
    def spearman(self) -> dict[str, dict[str, float]]:
        """Rank correlation of each λ that varies with each axis: ``{λ: {metric: ρ}}``."""
        return spearman(self.points, self.axes)

    @cached_property
    def varied_weights(self) -> list[str]:
        """Names of the λ that are not the same in all trained points; the one with most values first."""
        return varied_weights(self.points)

    @cached_property
    def roads(self) -> list[RoadScores]:
        """The points by how they were come by, each road judged by itself."""
        found = []
        for road in roads(self.points):
            own = self.hypervolume_of(road.points)
            on_frontier = sum(self.on_frontier[number] for number in road.points)
            found.append(RoadScores(road, on_frontier, own, _per_hour(own, road.seconds)))
        return found

    @cached_property
    def _places(self) -> np.ndarray:
        return self._coordinates([point.values for point in self.points])

    def _coordinates(self, values: Sequence[Values]) -> np.ndarray:
        """``(N, axes)``, signed so that less is better."""
        return np.array([[each.sign * row[each.metric] for each in self.axes] for row in values])

    def _has(self, values: Values) -> bool:
        return all(each.metric in values for each in self.axes)


def _per_hour(hypervolume: float, seconds: float | None) -> float | None:
    """``hypervolume`` per hour of ``seconds``; None where these are not known, or none were spent."""
    return hypervolume / (seconds / 3600) if seconds else None
