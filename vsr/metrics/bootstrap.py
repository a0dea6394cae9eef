"""How sure a mean over clips is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

LEVEL, DRAWS, SEED = 0.95, 2000, 0
_AT_ONCE = 2**20  # numbers of clips


def intervals(clips: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap (Efron, 1979) of the mean over ``clips`` of each metric, at `LEVEL`.

    Few clips give too short an interval. Empty for a single clip.
    """
    if len(clips) < 2:
        return {}
    names = list(clips[0])
    low, high = percentiles(means(np.array([[clip[name] for name in names] for clip in clips])))
    return {name: (float(low[place]), float(high[place])) for place, name in enumerate(names)}


def means(values: np.ndarray) -> np.ndarray:
    """Means (`DRAWS`, K) of ``values`` (clips, K) over as many clips as there are, drawn with replacement.

    The draws are the same in every call, so that generators scored on the same clips are compared on the same draws.
    """
    clips = len(values)
    generator = np.random.default_rng(SEED)
    found: list[np.ndarray] = []
    draws_at_once = max(1, _AT_ONCE // clips)
    for start in range(0, DRAWS, draws_at_once):
        drawn = generator.integers(clips, size=(min(draws_at_once, DRAWS - start), clips))
        found.append(np.stack([column[drawn].mean(1) for column in values.T], 1))
    return np.concatenate(found)


def percentiles(draws: np.ndarray) -> np.ndarray:
    """Lower and upper end (2, …) of the middle `LEVEL` of ``draws`` (N, …)."""
    tail = 100 * (1 - LEVEL) / 2
    return np.percentile(draws, [tail, 100 - tail], axis=0)
