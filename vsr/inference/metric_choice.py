"""Which metrics are asked for."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vsr.errors import UserError
from vsr.metrics import METRICS, ClipScorer

log = logging.getLogger(__name__)


def chosen(metrics: str | Sequence[str]) -> list[str]:
    """The names that ``metrics`` stands for: its own or, if it is ``"all"``, those of all that can be had here.

    Why others cannot is logged.
    """
    if metrics != "all":
        return [metrics] if isinstance(metrics, str) else list(metrics)
    found = []
    for name in METRICS:
        try:
            ClipScorer([name])
        except UserError as error:
            log.warning(f"metrics=all without {name}: {error}")
        else:
            found.append(name)
    return found
