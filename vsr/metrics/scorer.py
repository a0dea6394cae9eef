"""Scores clips by several metrics; what these have in common is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vsr.errors import UserError
from vsr.features import FrozenFeatures
from vsr.metrics.chunk import Chunk, Layers
from vsr.metrics.measures import Measure, SetMeasure, measure
from vsr.metrics.over_clips import MeanOverClips, OverClips
from vsr.metrics.protocol import PLAIN, Protocol, protocol_named

_PIXELS_AT_ONCE = 2**20  # of SR: VGG16's features of so many take half a GB, and of HR another


@dataclass(frozen=True)
class ClipScores:
    """What is known of one clip.

    Args:
        frames: numbers of the frames that counted.
        values: by metric one value a frame; None where there is none, as of the first frame alone there is no tOF.
    """

    frames: tuple[int, ...]
    values: dict[str, list[float | None]]

    @property
    def means(self) -> dict[str, float]:
        """Mean over the frames of each metric."""
        known = {name: [value for value in values if value is not None] for name, values in self.values.items()}
        return {name: sum(values) / len(values) for name, values in known.items()}


class ClipScorer:
    """Scores clips by the metrics asked for.

    Args:
        metrics: names out of `vsr.metrics.METRICS`. Those of sets of clips (patch_kid, patch_fid, fvd) come from
            `over_clips`.
        protocol: how the frames are prepared and which count, by name or as it is.
        weights: of the networks: ``pretrained``, or ``random`` for tests.

    Raises:
        UserError: a metric or the protocol is unknown, or what a metric needs is not to be had.
    """

    def __init__(self, metrics: Sequence[str], protocol: Protocol | str = PLAIN, weights: str = "pretrained") -> None:
        self.protocol = protocol if isinstance(protocol, Protocol) else protocol_named(protocol)
        self.weights = weights
        measures = {name: measure(name, weights) for name in metrics}
        self.measures = {name: each for name, each in measures.items() if isinstance(each, Measure)}
        self.set_measures = {name: each for name, each in measures.items() if isinstance(each, SetMeasure)}

    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, float]:
        """Clips (T, 3, H, W) in [0, 1] to the mean over frames of each metric of clips, as `score`."""
        return self.score(sr, hr).means

    def score(self, sr: Tensor, hr: Tensor, into: OverClips | None = None) -> ClipScores:
        """Score a clip that is at hand as a whole, ``sr`` and ``hr`` (T, 3, H, W) in [0, 1].

        Args:
            sr: the clip to be scored.
            hr: the original.
            into: where the clip is to count towards the values of a set.

        Raises:
            UserError: the two clips differ in shape, or a metric cannot be computed of such frames.
        """
        scoring = self.begin(len(hr), into)
        scoring.add(sr, hr)
        return scoring.finish()

    def begin(self, length: int, into: OverClips | None = None) -> ClipScoring:
        """Begin with a clip of ``length`` frames, to be scored as its frames come; otherwise as `score`."""
        return ClipScoring(self, length, into)

    @property
    def of_pairs(self) -> list[str]:
        """Names of the metrics that compare neighbouring frames."""
        return [name for name, each in self.measures.items() if each.of == "pair"]

    def over_clips(self) -> OverClips:
        """An empty gathering of clips: one for each generator that is scored."""
        means = {name: MeanOverClips() for name in self.measures}
        return OverClips({**means, **{name: each.distance() for name, each in self.set_measures.items()}})


class ClipScoring:
    """One clip on its way through a `ClipScorer`; memory does not grow with its length.

    Args:
        scorer: what is measured, and how.
        length: of the clip, in frames.
        into: as in `ClipScorer.score`; without it the metrics of sets are not computed.

    Raises:
        UserError: no frame counts, or only one and a metric compares neighbours.
    """

    def __init__(self, scorer: ClipScorer, length: int, into: OverClips | None) -> None:
        self._protocol, self._into, self._measures = scorer.protocol, into, scorer.measures
        self._counted = scorer.protocol.frames(length)
        if scorer.of_pairs and len(self._counted) < 2:
            raise UserError(
                f"{', '.join(scorer.of_pairs)} compares neighbouring frames, and of a clip of {length} only one "
                f"counts (protocol={scorer.protocol.name}). Leave it out of metrics."
            )
        set_measures = scorer.set_measures if into is not None else {}
        self._running = {name: each.begin() for name, each in scorer.measures.items()}
        self._features = {name: each.begin() for name, each in set_measures.items()}
        self._layers = _union(
            [each.layers for each in scorer.measures.values()] + [each.layers for each in set_measures.values()]
        )
        self._values: dict[str, list[Tensor]] = {name: [] for name in scorer.measures}
        self._seen, self._length = 0, length

    @torch.no_grad()
    def add(self, sr: Tensor, hr: Tensor) -> None:
        """The next frames, (n, 3, H, W) in [0, 1], any n.

        Raises:
            UserError: the two differ in shape, or a metric cannot be computed of such frames.
        """
        if sr.shape != hr.shape:
            raise UserError(f"SR of shape {tuple(sr.shape)} cannot be scored against HR of {tuple(hr.shape)}.")
        counted = slice(*(min(max(end - self._seen, 0), len(sr)) for end in (self._counted.start, self._counted.stop)))
        self._seen += len(sr)
        at_once = max(1, _PIXELS_AT_ONCE // (sr.shape[-1] * sr.shape[-2]))
        for some_sr, some_hr in zip(sr[counted].split(at_once), hr[counted].split(at_once), strict=True):
            if len(some_sr):
                with torch.autocast(sr.device.type, enabled=False):  # metrics are float32, whatever the caller runs
                    self._measure(Chunk(some_sr, some_hr, self._protocol, self._layers))

    @torch.no_grad()
    def finish(self) -> ClipScores:
        """The values, once all frames have come."""
        if self._seen != self._length:
            raise ValueError(f"{self._seen} frames came of a clip of {self._length}")
        values = {}
        for name, running in self._running.items():
            joined = torch.cat([*self._values[name], running.finish()]).double() * self._measures[name].factor
            if self._into is not None:
                self._into.update(name, joined)
            before: list[float | None] = [None] * (len(self._counted) - len(joined))  # what has no value comes first
            values[name] = before + joined.tolist()
        return ClipScores(tuple(self._counted), values)

    def _measure(self, chunk: Chunk) -> None:
        for name, running in self._running.items():
            self._values[name].append(running.add(chunk).cpu())
        for name, features in self._features.items():
            assert self._into is not None
            self._into.update(name, *features(chunk))


def _union(each: Iterable[Layers]) -> Layers:
    """All layers of each network that any asks for."""
    union: dict[FrozenFeatures, tuple[str, ...]] = {}
    for layers in each:
        for network, names in layers.items():
            union[network] = tuple(dict.fromkeys((*union.get(network, ()), *names)))
    return union
