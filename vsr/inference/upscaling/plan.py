"""How a video is divided so that each part fits into memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.inference.upscaling.footprint import Footprint, memory_to_use
from vsr.inference.upscaling.tiles import ALIGNMENT, BLEND

LONGEST = 60  # frames of a window: beyond, a picture takes longer to come out and hardly changes
FEWEST = 8  # frames that a window ought to yield, beside those that are only seen

_FLOW = 1024  # bytes that the flow of a whole picture takes for a pixel: two layers of SPyNet, both ways, and a little


@dataclass(frozen=True)
class Plan:
    """How a generator goes through a shot.

    Args:
        window: frames seen at once by a generator that is not causal.
        overlap: of those, how many at each end are seen and not used.
        tile: greatest height and width in LR pixels, None for whole pictures.
        margin: LR pixels along each seam that are seen and not used.
    """

    window: int
    overlap: int
    tile: int | None
    margin: int


@torch.inference_mode()
def make_plan(
    generator: Generator,
    device: torch.device,
    size: tuple[int, int],
    window: int | None = None,
    overlap: int = 8,
    tile: int | None = None,
    margin: int = 32,
) -> Plan:
    """The longest window that fits into free memory, up to `LONGEST`, and tiles only where a picture does not fit.

    Args:
        generator: on ``device``.
        device: where it runs.
        size: (h, w) of LR.
        window: None chooses.
        overlap: see `Plan`.
        tile: None chooses.
        margin: see `Plan`.

    Raises:
        UserError: a window or a tile of which nothing would be used, or too little memory.
    """
    fewest = 2 * overlap + FEWEST
    least_tile = 2 * margin + BLEND + ALIGNMENT
    least_margin = (generator.min_size - BLEND) // 2  # else the last tile of a row could be too small
    if overlap < 0 or margin < least_margin:
        raise UserError(f"overlap={overlap} must be at least 0, and margin={margin} at least {least_margin}")
    if window is not None and window <= 2 * overlap:
        raise UserError(f"window={window} must be more than twice overlap={overlap}; lower overlap or raise window")
    if tile is not None and tile < least_tile:
        raise UserError(f"tile={tile} must be at least {least_tile} with margin={margin}; lower margin or raise tile")
    if tile is not None and (window is not None or generator.causal):
        return Plan(window or 1, overlap, tile, margin)

    footprint, memory = Footprint.of(generator, device, size[0] * size[1]), memory_to_use(device)
    seen = 1 if generator.causal else window or fewest
    if tile is None:
        tile = _tile(footprint, memory, size, seen, generator.scale)
    if tile is not None and tile < least_tile:
        raise UserError(
            f"{memory / 2**20:.0f} MiB of memory can be used, too little for {seen} frames of "
            f"{least_tile}x{least_tile} pixels at once; lower window, overlap or margin, or use a smaller generator"
        )
    if generator.causal or window is not None:
        return Plan(seen, overlap, tile, margin)
    pixels = math.prod(min(side, tile or side) for side in size)
    of_a_frame = footprint.frame * pixels + (_joined(size, generator.scale) if tile else 0)
    longest = int((memory - footprint.once * pixels) / of_a_frame)
    return Plan(max(fewest, min(LONGEST, longest)), overlap, tile, margin)


def _tile(footprint: Footprint, memory: float, size: tuple[int, int], frames: int, scale: int) -> int | None:
    """None if ``frames`` whole pictures fit into the ``memory``, else the greatest tile that does."""
    if footprint.pixels(frames, memory) >= size[0] * size[1]:
        return None
    left = memory - frames * _joined(size, scale) - _FLOW * size[0] * size[1]
    fitting = max(footprint.pixels(frames, left), 0)
    return int(math.sqrt(fitting)) // ALIGNMENT * ALIGNMENT


def _joined(size: tuple[int, int], scale: int) -> int:
    """Bytes of a frame that is put together of tiles, and of its flows."""
    return size[0] * size[1] * (3 * scale**2 + 4) * 4
