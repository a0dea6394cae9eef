"""A generator that takes pictures of any size, for any length of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.errors import UserError
from vsr.generators import Generator, Stochastic
from vsr.generators.stochastic import StochasticState
from vsr.inference.media import to_uint8
from vsr.inference.upscaling.heap import return_freed_memory
from vsr.inference.upscaling.plan import Plan
from vsr.inference.upscaling.tiles import Tiles
from vsr.inference.upscaling.windows import windows


class SuperResolver:
    """Takes a shot through a generator: a causal one frame by frame, with its state, any other in windows.

    Args:
        generator: on ``device``.
        device: where it runs.
        size: (h, w) of the pictures; smaller ones than the generator takes are continued by their last row and column.
        plan: how they are divided.
        seed: of a latent's noise, which all shots share.
    """

    def __init__(
        self, generator: Generator, device: torch.device, size: tuple[int, int], plan: Plan, seed: int = 0
    ) -> None:
        self._generator, self._device, self._size, self._plan = generator, device, size, plan
        padded = (max(size[0], generator.min_size), max(size[1], generator.min_size))
        self._missing = (0, padded[1] - size[1], 0, padded[0] - size[0])
        self._tiles = Tiles(padded, plan.tile, plan.margin)
        self._noise = _noise(generator, padded, seed)

    @torch.inference_mode()
    def shot(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """SR of one shot, (scale*h, scale*w, 3) uint8 each, of (h, w, 3) uint8 ``pictures``.

        Raises:
            UserError: the device's memory is too small.
        """
        go = self._frame_by_frame if self._generator.causal else self._in_windows
        height, width = (self._generator.scale * side for side in self._size)
        try:
            for sr in go(pictures):
                picture = to_uint8(sr[..., :height, :width])[0]
                del sr  # it keeps its whole window, and the next one is made before the next frame comes
                yield picture
        except torch.OutOfMemoryError as error:
            raise UserError(
                f"{self._device} has too little memory; set tile= to less than {max(self._tiles.windows[0][2:])}"
                + ("" if self._generator.causal else f", or window= to less than {self._plan.window}")
            ) from error

    def _frame_by_frame(self, pictures: Iterable[np.ndarray]) -> Iterator[Tensor]:
        states: dict[int, Any] = {}
        if self._noise is not None:
            for number in range(len(self._tiles)):
                states[number] = StochasticState(None, self._tiles.cut(self._noise, number))

        def step(lr: Tensor, flows: tuple[Tensor, ...], number: int) -> Tensor:
            with self._flow_of_tile(flows, number):
                sr, states[number] = self._generator.step(self._tiles.cut(lr, number), states.get(number))
            return sr

        last: Tensor | None = None
        for picture in pictures:
            lr = self._prepared([picture])
            flows = self._flow_of_whole(lr, last)
            parts = (step(lr, flows, number) for number in range(len(self._tiles)))
            yield self._tiles.join(parts, self._generator.scale)
            last = lr

    def _in_windows(self, pictures: Iterable[np.ndarray]) -> Iterator[Tensor]:
        carried = self._generator.has_windows
        pasts: dict[int, Any] = {}

        def clip(lr: Tensor, counts: slice, flows: tuple[Tensor, ...], number: int) -> Tensor:
            part = self._tiles.cut(lr, number)[None]
            with self._flow_of_tile(flows, number):
                if not carried:
                    return self._seen_at_once(part, number)[counts]
                sr, pasts[number] = self._generator.window(part, counts.stop, pasts.get(number))
                return sr[0]

        overlap = self._plan.overlap
        last: Tensor | None = None
        for held, counts in windows(pictures, self._plan.window, 0 if carried else overlap, overlap):
            return_freed_memory()
            lr = self._prepared(held)
            flows = self._flow_of_whole(lr, last)
            parts = (clip(lr, counts, flows, number) for number in range(len(self._tiles)))
            yield from self._tiles.join(parts, self._generator.scale).split(1)
            last = lr[counts.stop - 1 : counts.stop] if carried else None

    def _flow_of_whole(self, lr: Tensor, last: Tensor | None) -> tuple[Tensor, ...]:
        """Flows through the pictures ``lr`` (T, 3, h, w) and the one before them, if there are tiles: flow looks
        farther than any margin."""
        if len(self._tiles) == 1:
            return ()
        return self._generator.flow_of((lr if last is None else torch.cat((last, lr)))[None])

    def _flow_of_tile(self, flows: tuple[Tensor, ...], number: int) -> AbstractContextManager[None]:
        return self._generator.with_flow(tuple(self._tiles.cut(flow, number) for flow in flows))

    def _seen_at_once(self, lr: Tensor, number: int) -> Tensor:
        if self._noise is None:
            return self._generator(lr)[0]
        assert isinstance(self._generator, Stochastic)
        return self._generator.draw(lr, self._tiles.cut(self._noise, number))[0]

    def _prepared(self, pictures: list[np.ndarray]) -> Tensor:
        lr = torch.from_numpy(np.stack(pictures)).to(self._device).permute(0, 3, 1, 2).float() / 255
        return F.pad(lr, self._missing, mode="replicate") if any(self._missing) else lr


def _noise(generator: Generator, size: tuple[int, int], seed: int) -> Tensor | None:
    """What a latent is drawn with, (1, latent_channels, h, w), at the generator's temperature; None: nothing is."""
    if not isinstance(generator, Stochastic) or generator.temperature == 0:
        return None
    draw = torch.randn(1, generator.latent_channels, *size, generator=torch.Generator().manual_seed(seed))
    return generator.temperature * draw.to(next(generator.parameters()).device)
