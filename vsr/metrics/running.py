"""A metric on its way through one clip: its values come as the frames do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vsr.metrics.chunk import Chunk


class Running:
    """What a metric keeps between the chunks of a clip."""

    def add(self, chunk: Chunk) -> Tensor:
        """Values (m,) that the frames of ``chunk`` make known, in the order of the frames."""
        raise NotImplementedError

    def finish(self) -> Tensor:
        """Values that are known only once the clip is at its end."""
        return torch.empty(0)


class EachFrame(Running):
    """A metric of single frames, which keeps nothing: ``of`` maps a chunk of n frames to (n,)."""

    def __init__(self, of: Callable[[Chunk], Tensor]) -> None:
        self.of = of

    def add(self, chunk: Chunk) -> Tensor:
        """One value a frame."""
        return self.of(chunk)


class Neighbours:
    """Puts the last frame of the chunk before in front of the frames of a chunk, so that no pair is missed."""

    def __init__(self) -> None:
        self._last: Tensor | None = None

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of what is known of each frame, (n, ...): the earlier and the later of each pair, (n, ...).

        Of the first chunk of a clip there are only n - 1 pairs.
        """
        joined = x if self._last is None else torch.cat((self._last, x))
        self._last = x[-1:].clone()
        return joined[:-1], joined[1:]
