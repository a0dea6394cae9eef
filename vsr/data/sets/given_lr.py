"""What made LR that is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

LRIs = str | Mapping[str, str | None] | None
"""Name of a degradation or, by the name of a folder of LR, of each; None: not known."""


def made_by(lr: str | None, lr_is: LRIs) -> str | None:
    """Name of the degradation that made the LR in ``lr``, a path or a pattern such as ``*/input4``; None: not known.

    Where ``lr_is`` goes by folder, the innermost folder of ``lr`` that it names counts.
    """
    if not isinstance(lr_is, Mapping):
        return lr_is
    folders = reversed(PurePosixPath(lr or "").parts)
    return next((lr_is[folder] for folder in folders if folder in lr_is), None)
