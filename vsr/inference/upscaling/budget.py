"""What an upscaling takes of the memory of its device and of the computer, which may be one and the same."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from vsr.generators import Generator
from vsr.inference.upscaling.footprint import Footprint, memory_to_use
from vsr.inference.upscaling.tiles import ALIGNMENT

# Bytes for a pixel of the whole picture where there are tiles. While flow is estimated: two layers of SPyNet, both
# ways, and a little, and of each frame LR twice and flow both ways twice. Afterwards of each frame LR and flow.
_FLOW, _SEEN, _KEPT = 1024, 56, 28


class Need(NamedTuple):
    """Bytes ``taken`` of the memory of ``owner``, of which so many are ``free``."""

    owner: str
    taken: float
    free: float


class Budget:
    """Needs of windows and tiles.

    Args:
        footprint: of the generator.
        generator: on the device.
        size: (h, w) of LR.
        device: bytes of its memory that may be taken.
        host: bytes of the computer's where it has one of its own, None where that is the device's.
    """

    def __init__(
        self, footprint: Footprint, generator: Generator, size: tuple[int, int], device: float, host: float | None
    ) -> None:
        self._footprint, self._size, self._device, self._host = footprint, size, device, host
        self._sr = 2 * 3 * generator.scale**2  # a frame put together of tiles, in half precision
        # What frames or windows hand on, twice: the old and the new.
        handed_on = 3 * generator.scale**2 if generator.causal else generator.channels * generator.has_windows
        self._state = 2 * 4 * (handed_on + 3)

    @classmethod
    def of(cls, generator: Generator, device: torch.device, size: tuple[int, int]) -> Budget:
        """As ``generator`` is measured, and memory free on ``device`` and here, now."""
        footprint = Footprint.of(generator, device, math.prod(size))
        host = None if device.type == "cpu" else memory_to_use(torch.device("cpu"))
        return cls(footprint, generator, size, memory_to_use(device), host)

    def needs(self, frames: int, tile: int | None) -> list[Need]:
        """Of so many ``frames`` at once, in tiles of that side or in whole pictures (None)."""
        whole = math.prod(self._size)
        part = whole if tile is None else math.prod(min(side, tile) for side in self._size)
        device, host = (self._footprint.once + frames * self._footprint.frame) * part, 0.0
        if tile is not None:
            host = (frames * self._sr + self._state) * whole + (2 * frames * self._sr + self._state) * part
            device += frames * _KEPT * whole + (host if self._host is None else 0)
            device = max(device, (_FLOW + frames * _SEEN) * whole)
        needs = [Need("the device", device, self._device)]
        return needs if self._host is None else [*needs, Need("the computer", host, self._host)]

    def fits(self, frames: int, tile: int | None) -> bool:
        """Whether there is as much as is needed."""
        return all(need.taken <= need.free for need in self.needs(frames, tile))

    def greatest_tile(self, frames: int, least: int) -> int | None:
        """The side of the largest tiles of so many ``frames`` that fit, from ``least`` on; None: none does."""
        largest = least + max(0, -(-(max(self._size) - least) // ALIGNMENT)) * ALIGNMENT
        return next((side for side in range(largest, least - 1, -ALIGNMENT) if self.fits(frames, side)), None)

    def longest(self, tile: int | None, least: int, most: int) -> int:
        """As many frames as fit, from ``least``, which do, to ``most``."""
        return next((frames for frames in range(most, least, -1) if self.fits(frames, tile)), least)
