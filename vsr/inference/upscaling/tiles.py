"""A large picture in tiles that overlap, for memory that does not hold it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

from vsr.data.clip import Window

ALIGNMENT = 32  # tiles begin at its multiples, so that pyramids and strides see the pixels grouped as in the whole
BLEND = 8  # LR pixels over which one tile passes into the next

# As measured with the published BasicVSR: how far from a seam a frame is off by more than a level of 255, and for how
# many frames that travels along with what moves.
_REACH, _FRAMES = 16, 8


class Tiles:
    """Tiles of a picture; of each, ``margin`` pixels along every seam are seen and not used.

    Args:
        size: (h, w) of the picture.
        tile: their greatest height and width; None makes one tile of everything.
        margin: in LR pixels.

    Raises:
        ValueError: the tile is too small for its margins.
    """

    def __init__(self, size: tuple[int, int], tile: int | None, margin: int) -> None:
        self._size, self._margin = size, margin
        rows, columns = (spans(side, tile or side, 2 * margin + BLEND) for side in size)
        self.windows = [
            Window(top, left, bottom - top, right - left) for top, bottom in rows for left, right in columns
        ]

    def __len__(self) -> int:
        return len(self.windows)

    def cut(self, state: Any, number: int) -> Any:
        """Tile ``number`` of every tensor (..., s*h, s*w) in ``state``, one or several, each of its own scale s."""

        def part(x: Tensor) -> Tensor:
            scale = x.shape[-1] // self._size[1]
            top, left, height, width = (scale * number for number in self.windows[number])
            return x[..., top : top + height, left : left + width]

        return tree_map_only(Tensor, part, state)

    def join(self, parts: Iterable[Any]) -> Any:
        """What was made of each tile, in their order, put together: of every tensor (..., s*h', s*w') in it one of the
        whole picture, (..., s*h, s*w) on the CPU, seams blended. A single tile is returned as it is."""
        made = iter(parts)
        if len(self) == 1:
            return next(made)
        wholes: list[Any] = []
        for window in self.windows:  # `zip` would hold each part until the next one is made
            part = next(made)
            leaves, structure = tree_flatten(part)
            wholes = wholes or [self._empty(leaf, window) for leaf in leaves]
            for whole, leaf in zip(wholes, leaves, strict=True):
                if isinstance(leaf, Tensor):
                    self._add(whole, leaf, window)
            del part, leaves, leaf
        return tree_unflatten(wholes, structure)

    def _empty(self, leaf: Any, window: Window) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        scale = leaf.shape[-1] // window.width
        return torch.zeros(*leaf.shape[:-2], *(scale * side for side in self._size), dtype=leaf.dtype)

    def _add(self, whole: Tensor, part: Tensor, window: Window) -> None:
        scale = part.shape[-1] // window.width
        top, left, tall, wide = (scale * number for number in window)
        rows = self._weights(top, tall, whole.shape[-2], scale)
        columns = self._weights(left, wide, whole.shape[-1], scale)
        weights = (rows[:, None] * columns).to(part.dtype)
        whole[..., top : top + tall, left : left + wide] += part.cpu() * weights

    def _weights(self, start: int, length: int, side: int, scale: int) -> Tensor:
        """Of each pixel along one axis of a tile: 0 in a margin, rising to 1 over the blend."""
        from_start = torch.arange(length) + 0.5
        weights = torch.ones(length)
        for seam, distance in ((start > 0, from_start), (start + length < side, length - from_start)):
            if seam:
                weights = weights * ((distance - scale * self._margin) / (scale * BLEND)).clamp(0, 1)
        return weights


def margin_for(flow: Tensor) -> int:
    """The margin that a window with the ``flow`` (B, T, 2, h, w) needs to come out as without tiles, by the mean speed
    of its fastest frame: a small thing that is faster than all else may need more."""
    return _REACH + round(_FRAMES * float(flow.norm(dim=2).mean((2, 3)).max())) if flow.numel() else 0


def spans(side: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Where tiles begin and end along one axis: at most ``tile`` long, ``overlap`` shared by neighbours.

    Raises:
        ValueError: a tile would hardly be longer than what it shares.
    """
    if side <= tile:
        return [(0, side)]
    step = (tile - overlap) // ALIGNMENT * ALIGNMENT
    if step < ALIGNMENT:
        raise ValueError(f"tile={tile} must be at least {overlap + ALIGNMENT}")
    found = [(start, start + step + overlap) for start in range(0, side - overlap, step)]
    return [*found[:-1], (found[-1][0], side)]
