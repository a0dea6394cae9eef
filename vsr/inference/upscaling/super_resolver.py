"""A generator that takes pictures of any size, for any length of time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._pytree import tree_map_only

from vsr.errors import UserError
from vsr.generators import Generator, Stochastic
from vsr.generators.stochastic import StochasticState
from vsr.heap import return_freed_memory
from vsr.inference.media import to_uint8
from vsr.inference.upscaling.plan import Plan
from vsr.inference.upscaling.tiles import ALIGNMENT, BLEND, Tiles, margin_for
from vsr.inference.upscaling.windows import windows

log = logging.getLogger(__name__)


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
        self._padded = padded = (max(size[0], generator.min_size), max(size[1], generator.min_size))
        self._missing = (0, padded[1] - size[1], 0, padded[0] - size[0])
        self._tiles = Tiles(padded, plan.tile, plan.margin)
        self._noise = _noise(generator, padded, seed)
        self._warned = False

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
        state = None if self._noise is None else StochasticState(None, self._noise)
        last: Tensor | None = None
        for picture in pictures:
            lr = self._prepared([picture])
            sr, state = self._tile_by_tile(self._generator.step, lr, state, self._flow_of_whole(lr, last))
            yield sr
            del sr  # before the next one is made
            last = lr

    def _in_windows(self, pictures: Iterable[np.ndarray]) -> Iterator[Tensor]:
        overlap, carried = self._plan.overlap, self._generator.has_windows
        state = None if carried else self._noise
        last: Tensor | None = None
        for held, counts in windows(pictures, self._plan.window, 0 if carried else overlap, overlap):
            lr = self._prepared(held)[None]
            flows = self._flow_of_whole(lr[0], last)
            if carried:
                take = partial(self._taken_up, count=counts.stop)
                sr, state = self._tile_by_tile(take, lr, state, flows)
                last = lr[0, counts.stop - 1 : counts.stop]
            else:
                sr, _ = self._tile_by_tile(partial(self._anew, counts=counts), lr, state, flows)
            return_freed_memory()
            yield from sr[0].split(1)
            del sr  # before the next window is made

    def _taken_up(self, lr: Tensor, past: Any, count: int) -> tuple[Tensor, Any]:
        return self._generator.window(lr, count, past)

    def _anew(self, lr: Tensor, noise: Tensor | None, counts: slice) -> tuple[Tensor, None]:
        if noise is None:
            return self._generator(lr)[:, counts], None
        assert isinstance(self._generator, Stochastic)
        return self._generator.draw(lr, noise)[:, counts], None

    def _tile_by_tile(
        self, take: Callable[[Tensor, Any], tuple[Tensor, Any]], lr: Tensor, state: Any, flows: tuple[Tensor, ...]
    ) -> tuple[Tensor, Any]:
        """``take(lr, state)`` of each tile, and both of its results put together again.

        The state, too: what a tile gets wrong beside a seam would else come farther in with every frame.
        """
        halved = len(self._tiles) > 1  # off by less than half a level of 255

        def parts() -> Iterator[tuple[Tensor, Any]]:
            for number in range(len(self._tiles)):
                part, before, given = (self._tiles.cut(whole, number) for whole in (lr, state, flows))
                with self._generator.with_flow(given):
                    sr, after = take(part, tree_map_only(Tensor, lambda x: x.to(self._device), before))
                made = (sr.half() if halved else sr), after
                del sr, after  # before the next tile is made
                yield made
                del made

        sr, after = self._tiles.join(parts())
        return sr, after

    def _flow_of_whole(self, lr: Tensor, last: Tensor | None) -> tuple[Tensor, ...]:
        """Flows through the pictures ``lr`` (T, 3, h, w) and the one before them, if there are tiles: flow looks
        farther than any margin. It says how wide that must be."""
        if len(self._tiles) == 1:
            return ()
        flows = self._generator.flow_of((lr if last is None else torch.cat((last, lr)))[None])
        if not self._generator.causal and flows:
            self._heed(flows[0])
        return flows

    def _heed(self, flow: Tensor) -> None:
        """Widen the margin for that ``flow`` as far as the plan allows, and say where that is too little."""
        plan, wanted = self._plan, margin_for(flow)
        assert plan.tile is not None
        widest = max(plan.margin, (plan.tile - BLEND - ALIGNMENT) // 2) if plan.widens else plan.margin
        margin = min(max(wanted, plan.margin), widest)
        self._tiles = Tiles(self._padded, plan.tile, margin)
        if wanted > margin and not self._warned:
            log.warning(
                f"motion is too fast for margin={margin}; margin={wanted} hides seams"
                + (f" and takes tile={2 * wanted + BLEND + ALIGNMENT}" if plan.widens else "")
            )
            self._warned = True

    def _prepared(self, pictures: list[np.ndarray]) -> Tensor:
        lr = torch.from_numpy(np.stack(pictures)).to(self._device).permute(0, 3, 1, 2).float() / 255
        return F.pad(lr, self._missing, mode="replicate") if any(self._missing) else lr


def _noise(generator: Generator, size: tuple[int, int], seed: int) -> Tensor | None:
    """What a latent is drawn with, (1, latent_channels, h, w), at the generator's temperature; None: nothing is."""
    if not isinstance(generator, Stochastic) or generator.temperature == 0:
        return None
    draw = torch.randn(1, generator.latent_channels, *size, generator=torch.Generator().manual_seed(seed))
    return generator.temperature * draw.to(next(generator.parameters()).device)
