"""Pictures that LR does not tell apart: a stripe at one of two places within one LR pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

SCALE, SIDE = 8, 24
STRIPE, PLACES = 5, (8, 11)  # pixels: its width, and where it begins, within the middle LR pixel (8 … 15)
SHARE = 0.6  # of scenes that have it at the first place


@dataclass(frozen=True)
class Scenes:
    """Grounds and stripes of some brightness, at one of two places.

    Args:
        hr: (B, 1, 24, 24), what is there.
        lr: (B, 1, 3, 3), means of 8x8 px: the same wherever the stripe is.
        modes: (2, B, 1, 24, 24), the stripe at its first and at its second place.
        contrast: (B, 1, 1, 1), what the stripe is brighter by.
    """

    hr: Tensor
    lr: Tensor
    modes: Tensor
    contrast: Tensor

    @property
    def mean(self) -> Tensor:
        """E[HR | LR], (B, 1, 24, 24): the modes, weighted by how often they occur."""
        return SHARE * self.modes[0] + (1 - SHARE) * self.modes[1]


def scenes(count: int, generator: torch.Generator) -> Scenes:
    """``count`` scenes, ground uniform in [0, 0.3], contrast in [0.5, 0.7]."""
    ground = 0.3 * torch.rand(count, 1, 1, 1, generator=generator)
    contrast = 0.5 + 0.2 * torch.rand(count, 1, 1, 1, generator=generator)
    masks = torch.zeros(2, 1, 1, SIDE, SIDE)
    for mask, place in zip(masks, PLACES, strict=True):
        mask[..., place : place + STRIPE] = 1
    modes = ground + contrast * masks
    is_first = torch.rand(count, 1, 1, 1, generator=generator) < SHARE
    return Scenes(torch.where(is_first, modes[0], modes[1]), F.avg_pool2d(modes[0], SCALE), modes, contrast)


def ambiguous_columns() -> Tensor:
    """Which of the 24 columns differ between the modes."""
    columns = torch.arange(SIDE)
    first, second = ((columns >= place) & (columns < place + STRIPE) for place in PLACES)
    return first ^ second


def edge_width(pictures: Tensor) -> Tensor:
    """Distance in pixels from where the mean of rows of ``pictures`` (B, 1, H, W) first passes 10 % of its range to
    where it first passes 90 %, from the left and from the right, and the mean of both; (B,).

    Between pixels the profile is taken for linear; a step from one pixel to the next has a width of 0.8.
    """
    profile = pictures.mean((1, 2))
    low, high = profile.amin(1, keepdim=True), profile.amax(1, keepdim=True)
    share = (profile - low) / (high - low)
    widths = [_passes(side, 0.9) - _passes(side, 0.1) for side in (share, share.flip(1))]
    return torch.stack(widths).mean(0)


def _passes(profile: Tensor, level: float) -> Tensor:
    """Where each of ``profile`` (B, W) first reaches ``level``, after its first pixel."""
    place = (profile[:, 1:] >= level).int().argmax(1)
    before = profile.gather(1, place[:, None])[:, 0]
    after = profile.gather(1, place[:, None] + 1)[:, 0]
    return place + (level - before) / (after - before)
