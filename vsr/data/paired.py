"""Clips that bring their LR."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clip, Clips, Window
from vsr.errors import UserError, nearest


class PairedClip:
    """A clip with its low-resolution partner, ``lr``, of equally many frames."""

    def __init__(self, hr: Clip, lr: Clip) -> None:
        self.name, self.length, self.size, self.cuts = hr.name, hr.length, hr.size, hr.cuts
        self.path = getattr(hr, "path", hr.name)
        self.hr, self.lr = hr, lr

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        return self.hr.read(indices, window)


class Paired(Clips):
    """Each clip of ``hr`` with the clip of ``lr`` that has its name; where each has but one clip and nothing broken,
    these two. A clip whose partner is broken is left out.

    Args:
        hr: the originals.
        lr: their LR; clips of other names are left aside.
        scale: super-resolution factor.

    Raises:
        UserError: a clip has no partner, or one of another length or size, or nothing is left.
    """

    def __init__(self, hr: Sequence[Clip], lr: Sequence[Clip], scale: int) -> None:
        partners = {clip.name: clip for clip in lr}
        broken_lr = getattr(lr, "broken", ())
        broken = [*getattr(hr, "broken", ()), *broken_lr]
        if len(hr) == len(lr) == 1 and not broken:  # otherwise they may be what is left of two pairs
            partners = {hr[0].name: lr[0]}
        whole = [clip for clip in hr if clip.name in partners or not _among(clip.name, broken_lr)]
        pairs = [PairedClip(clip, _partner(clip, partners, scale)) for clip in whole]
        if not pairs and broken:
            raise UserError(
                f"No clip of data.root is whole and has a whole partner in data.lr; the first: {broken[0]}"
            )
        super().__init__(pairs, broken)


def _among(name: str, broken: Sequence[BrokenFileError]) -> bool:
    """Whether the clip called ``name`` is ``broken``, of which the paths are known: ``…/name`` or ``…/name.mp4``."""
    paths = [Path(file.path) for file in broken]
    parts = Path(name).parts
    return any(ending.parts[-len(parts) :] == parts for path in paths for ending in (path, path.with_suffix("")))


def _partner(clip: Clip, lr: dict[str, Clip], scale: int) -> Clip:
    if clip.name not in lr:
        raise UserError(
            f"Clip '{clip.name}' has no low-resolution partner in data.lr.{nearest(clip.name, [*lr][:20])}"
        )
    partner = lr[clip.name]
    if partner.length != clip.length:
        raise UserError(f"Clip '{clip.name}' has {clip.length} frames, its low-resolution partner {partner.length}.")
    expected = (clip.size[0] // scale, clip.size[1] // scale)
    if partner.size != expected and (partner.size[0] // scale, partner.size[1] // scale) == clip.size:
        raise UserError(
            f"Clip '{clip.name}' of data.root is {scale} times smaller than its partner of data.lr: exchange the two."
        )
    if partner.size != expected:
        raise UserError(
            f"The low-resolution partner of clip '{clip.name}' is {partner.size[1]}x{partner.size[0]}, not "
            f"{expected[1]}x{expected[0]} as scale={scale} asks. Change scale or data.lr, which may be null in "
            "other data sets than data=paired: LR is then made."
        )
    return partner
