"""What is in the plot: scored points, what they were all scored on, and the points that papers print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vsr.frontier.kept import Kept
from vsr.results_layout import Curve

Values = Mapping[str, float]
"""A score by the metric's name."""


@dataclass(frozen=True)
class Setting:
    """What points must share for their numbers to compare.

    Args:
        dataset: name of the test set.
        protocol: name of the protocol (`vsr.metrics.PROTOCOLS`).
        scale: super-resolution factor.
        degradation: name of what made LR.
        frames: how many frames of each clip were scored, by the clip's name; None: the file does not say.
        random_weights: whether any network had random weights, as in tests.
    """

    dataset: str
    protocol: str
    scale: int
    degradation: str
    frames: Mapping[str, int | None]
    random_weights: bool = False


@dataclass(frozen=True)
class Point:
    """The scores of one model, as its ``results.json`` has them.

    Args:
        label: short, and unlike that of any other point.
        results: the file.
        values: of the set.
        intervals: of those means over clips, the lower and upper end; empty for a single clip.
        clips: scores by clip.
        bicubic: the baseline's scores of the set, in the same file.
        bicubic_clips: the baseline's by clip.
        weights: λ by loss term at the last step, without those that are 0; None where nothing is known of the
            training.
        curve: the checkpoints of it by their `checkpoint_name`; None for a trained model.
        training_seconds: wall time that its training took; None where unknown.
        checkpoint: `checkpoint_name` of its weights.
        config_hash: of its training; None where unknown.
        temperature: of a latent; None where there is none.
        media: pictures and films by clip; empty where none were kept.
    """

    label: str
    results: Path
    values: Values
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    clips: Mapping[str, Values] = field(default_factory=dict)
    bicubic: Values = field(default_factory=dict)
    bicubic_clips: Mapping[str, Values] = field(default_factory=dict)
    weights: Values | None = None
    curve: Curve | None = None
    training_seconds: float | None = None
    checkpoint: str | None = None
    config_hash: str | None = None
    temperature: float | None = None
    media: Mapping[str, Kept] = field(default_factory=dict)

    def weight(self, term: str) -> float | None:
        """λ of a loss ``term``, 0 of one that the training did not have; None where nothing is known of it."""
        return None if self.weights is None else self.weights.get(term, 0.0)


@dataclass(frozen=True)
class Published:
    """A point that a paper or its authors' code prints.

    Args:
        method: its name.
        values: of the whole test set.
        clips: names of the clips that they are means over.
        source: where they are printed.
    """

    method: str
    values: Values
    clips: tuple[str, ...]
    source: str
