"""How a video is divided so that each part fits into memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.inference.upscaling.budget import Budget
from vsr.inference.upscaling.tiles import ALIGNMENT, BLEND

LONGEST = 60  # frames of a window: beyond, a picture takes longer to come out and hardly changes
OVERLAPS = (8, 6, 4, 2, 1)  # tried in turn, in windows of three times as many frames at least
MARGIN = 32  # LR pixels


@dataclass(frozen=True)
class Plan:
    """How a generator goes through a shot.

    Args:
        window: frames seen at once by a generator that is not causal.
        overlap: of those, how many at each end are seen and not used.
        tile: greatest height and width in LR pixels, None for whole pictures.
        margin: LR pixels along each seam that are seen and not used.
        widens: whether the margin may be wider where motion asks for it.
    """

    window: int
    overlap: int
    tile: int | None
    margin: int
    widens: bool = False


@torch.inference_mode()
def make_plan(
    generator: Generator,
    device: torch.device,
    size: tuple[int, int],
    window: int | None = None,
    overlap: int | None = None,
    tile: int | None = None,
    margin: int | None = None,
) -> Plan:
    """The longest window that fits into free memory, up to `LONGEST`; tiles only where a window of whole pictures does
    not fit, and a shorter window only where tiles do not.

    Args:
        generator: on ``device``.
        device: where it runs.
        size: (h, w) of LR.
        window: None chooses.
        overlap: see `Plan`; None chooses.
        tile: None chooses.
        margin: see `Plan`; None is `MARGIN`, and wider where motion asks for it.

    Raises:
        UserError: a window or a tile of which nothing would be used, or too little memory.
    """
    _check(generator, window, overlap, tile, margin)
    windows = [(1, overlap or 0)] if generator.causal else _windows(window, overlap)
    widens, margin = margin is None, MARGIN if margin is None else margin
    if tile is not None and (window is not None or generator.causal):
        return Plan(*windows[0], tile, margin, widens)
    least_tile = _least_tile(margin)
    budget = Budget.of(generator, device, size)
    for frames, overlapping in windows:
        if tile is None and budget.fits(frames, None):
            found = None
        else:
            found = tile or budget.greatest_tile(frames, least_tile)
            if found is None or not budget.fits(frames, found):
                continue
        longest = frames if generator.causal or window else budget.longest(found, frames, LONGEST)
        return Plan(longest, overlapping, found, margin, widens)
    frames = windows[-1][0]
    lacking = next(need for need in budget.needs(frames, tile or least_tile) if need.taken > need.free)
    least = tile or least_tile
    taken, free = (f"{number / 2**20:.0f}" for number in lacking[1:])
    raise UserError(
        f"{frames} frames of {size[1]}x{size[0]} in tiles of {least} take {taken} MiB of {lacking.owner}'s memory, of "
        f"which {free} can be used; free some, or use a smaller generator or smaller pictures"
    )


def _check(
    generator: Generator, window: int | None, overlap: int | None, tile: int | None, margin: int | None
) -> None:
    least_margin = (generator.min_size - BLEND) // 2  # else the last tile of a row could be too small
    if overlap is not None and overlap < 0:
        raise UserError(f"overlap={overlap} must be at least 0")
    if margin is not None and margin < least_margin:
        raise UserError(f"margin={margin} must be at least {least_margin}")
    if window is not None and window < 1:
        raise UserError(f"window={window} must be at least 1")
    if window is not None and overlap is not None and window <= 2 * overlap:
        raise UserError(f"window={window} must be more than twice overlap={overlap}; lower overlap or raise window")
    least_tile = _least_tile(MARGIN if margin is None else margin)
    if tile is not None and tile < least_tile:
        raise UserError(
            f"tile={tile} must be at least {least_tile} with margin={MARGIN if margin is None else margin}; "
            "lower margin or raise tile"
        )


def _windows(window: int | None, overlap: int | None) -> list[tuple[int, int]]:
    """Numbers of frames, and how many of them overlap, in the order in which they are tried."""
    if window is not None:
        return [(window, min(OVERLAPS[0], window // 3) if overlap is None else overlap)]
    if overlap is not None:
        return [(2 * overlap + yielded, overlap) for yielded in OVERLAPS]
    return [(3 * overlapping, overlapping) for overlapping in OVERLAPS]


def _least_tile(margin: int) -> int:
    return 2 * margin + BLEND + ALIGNMENT
