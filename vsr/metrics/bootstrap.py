"""How sure a mean over clips is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

LEVEL, DRAWS, SEED = 0.95, 2000, 0
_AT_ONCE = 2**20  # numbers of clips


def intervals(clips: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap (Efron, 1979) of the mean over ``clips`` of each metric, at `LEVEL`.

    `DRAWS` times as many clips as there are, drawn with replacement; the same in every call, so that generators scored
    on the same clips are compared on the same draws. Few clips give too short an interval. Empty for a single clip.
    """
    if len(clips) < 2:
        return {}
    names = list(clips[0])
    values = np.array([[clip[name] for name in names] for clip in clips])
    generator = np.random.default_rng(SEED)
    means: list[np.ndarray] = []
    draws_at_once = max(1, _AT_ONCE // len(clips))
    for start in range(0, DRAWS, draws_at_once):
        drawn = generator.integers(len(clips), size=(min(draws_at_once, DRAWS - start), len(clips)))
        means.append(np.stack([column[drawn].mean(1) for column in values.T], 1))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail], axis=0)
    return {name: (float(low[place]), float(high[place])) for place, name in enumerate(names)}
