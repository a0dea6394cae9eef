"""Scores a generator on whole clips, beside bicubic enlargement of the same input."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from vsr.degradations import upsample
from vsr.inference.media import MediaFolder
from vsr.metrics import ClipScorer
from vsr.seeds import seed_all


@dataclass(frozen=True)
class ClipResult:
    """Scores of one clip, the mean over its frames, for the generator and for bicubic."""

    name: str
    metrics: dict[str, float]
    bicubic: dict[str, float]


class Evaluator:
    """Degrades a clip (unless it brings its own LR), super-resolves it whole, scores it against the original.

    Args:
        degradation: HR ``(B, T, 3, H, W)`` to LR, both in [0, 1].
        scorer: SR and HR ``(T, 3, H, W)`` to one number a metric.
        scale: of the generator.
        seed: of the draws of a random degradation or a latent, together with the clip's name alone: every scoring of a
            clip sees the same draw, whichever clips come before it.
    """

    def __init__(self, degradation: Callable[[Tensor], Tensor], scorer: ClipScorer, scale: int, seed: int = 0) -> None:
        self.degradation = degradation
        self.seed = seed
        self.scorer = scorer
        self.scale = scale
        self.media: MediaFolder | None = None
        self._bicubic: dict[str, dict[str, float]] = {}

    @torch.no_grad()
    def __call__(self, generator: nn.Module, clip: dict[str, Any]) -> ClipResult:
        """Score ``clip["hr"]``, uint8 ``(T, 3, H, W)`` on the generator's device, with ``clip["lr"]`` if it is there.

        Where it is ``"mirrored"``, the generator is given LR followed by itself backwards; where it has ``"scored"``,
        only those frames count. Where `media` is set, pictures and a video of the clip are written there.
        """
        name = clip["name"]
        seed_all(self.seed, zlib.crc32(name.encode()))
        hr = clip["hr"].float() / 255
        lr = clip["lr"].float() / 255 if "lr" in clip else self.degradation(hr[None])[0]
        given = torch.cat((lr, lr.flip(0))) if clip.get("mirrored") else lr
        sr = generator(given[None])[0, : len(lr)].float().clamp(0, 1)
        counts = clip.get("scored", slice(None))
        if name not in self._bicubic or self.media:
            bicubic = upsample(lr[None], self.scale)[0].clamp(0, 1)
            # Bicubic does not change while a generator trains: one scoring serves every validation.
            if name not in self._bicubic:
                self._bicubic[name] = self.scorer(bicubic[counts], hr[counts])
            if self.media:
                self.media.write(name, bicubic, sr, hr)
        return ClipResult(name, self.scorer(sr[counts], hr[counts]), self._bicubic[name])

    @staticmethod
    def mean(results: list[ClipResult], of: str = "metrics") -> dict[str, float]:
        """Mean over clips of each metric, of the generator or ``of="bicubic"``; empty for no clip."""
        rows = [getattr(result, of) for result in results]
        return {name: fmean(row[name] for row in rows) for name in rows[0]} if rows else {}
