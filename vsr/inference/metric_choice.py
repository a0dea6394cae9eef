"""Which metrics are asked for, and whether they can be had of the clips at hand."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from vsr.data import EvaluationClips
from vsr.errors import UserError
from vsr.metrics import METRICS, ClipScorer

log = logging.getLogger(__name__)


def scorer_for(
    metrics: str | Sequence[str] | None, protocol: str, clips: EvaluationClips, device: torch.device
) -> ClipScorer:
    """A scorer by ``metrics`` or, if that is ``"all"``, by all that can be had; why others cannot is logged.

    Raises:
        UserError: none is named, or one cannot be had, or not of the smallest of ``clips``: said now, not when its
            turn has come.
    """
    if not metrics:
        raise UserError("metrics is empty; name some, as metrics=[psnr_y,lpips], or metrics=all")
    if metrics != "all":
        scorer = ClipScorer([metrics] if isinstance(metrics, str) else metrics, protocol)
        _try(scorer, clips, device)
        return scorer
    found = []
    for name in METRICS:
        try:
            _try(ClipScorer([name], protocol), clips, device)
        except UserError as error:
            log.warning(f"metrics=all without {name}: {error}")
        else:
            found.append(name)
    return ClipScorer(found, protocol)


def _try(scorer: ClipScorer, clips: EvaluationClips, device: torch.device) -> None:
    """Score grey frames, as few and as small as any of ``clips``."""
    length, height, width = clips.least
    enough = 2 * scorer.protocol.dropped + 2
    grey = torch.full((min(length, enough), 3, height, width), 0.5, device=device)
    scorer.score(grey, grey, scorer.over_clips())
