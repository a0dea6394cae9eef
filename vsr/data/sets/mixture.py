"""Several sources at once, each drawn from in proportion to its weight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from vsr.data.clip import Clip, Clips
from vsr.data.datamodule import ClipDataModule
from vsr.data.sets.expected import under_key
from vsr.data.sets.folders import Split
from vsr.data.sets.given_lr import LRIs
from vsr.data.sets.renamed import renamed
from vsr.errors import UserError


class Mixture(Clips):
    """The clips of all sources, one source after the other, named ``SOURCE/CLIP``.

    Args:
        sources: by name.
        weights: of each source: how often an item is drawn from it, in relation to the others.

    Attributes:
        parts: (number of clips, weight) of each source, in order.

    Raises:
        UserError: a weight that is not above 0, or a source without LR where another brings its LR.
    """

    def __init__(self, sources: Mapping[str, Sequence[Clip]], weights: Mapping[str, float]) -> None:
        for name in sources:
            if not 0 < weights[name] < math.inf:
                raise UserError(
                    f"data.parts.{name}.weight={weights[name]}: expected a number above 0. "
                    f"To leave a part out set data.parts.{name}.root=null."
                )
        brings_lr = {name: all(hasattr(clip, "lr") for clip in source) for name, source in sources.items()}
        if len(set(brings_lr.values())) > 1:
            given, made = (
                ", ".join(name for name in sources if brings_lr[name] is brings) for brings in (True, False)
            )
            raise UserError(
                f"Of the mixture, {given} bring their LR and {made} do not: the two are of different making. "
                "Set data.parts.NAME.lr of all parts, or of none."
            )
        self.parts = [(len(source), float(weights[name])) for name, source in sources.items()]
        clips = [renamed(clip, f"{name}/{clip.name}") for name, source in sources.items() for clip in source]
        super().__init__(clips, [file for source in sources.values() for file in getattr(source, "broken", ())])


def mixture_data(
    parts: Mapping[str, Mapping[str, Any]],
    *,
    scale: int,
    train: bool | None = True,
    max_broken: float = 0.1,
    lr_is: LRIs = None,
    **settings: Any,
) -> ClipDataModule:
    """A data module that trains on the `Mixture` of the parts' training clips, and validates on their validation clips
    in turn: the first of each part, then the second, ….

    Args:
        parts: by name, each with a ``kind`` (`folder_split`, `paired_split`, `reds_split`), that one's arguments, and
            a ``weight``; one whose ``root`` is None is left out.
        scale: super-resolution factor.
        train: None or False for evaluation only.
        max_broken: greatest share of broken files of each part; also passed on.
        lr_is: what made the LR of all parts, where they bring it, for records.
        settings: the other arguments of `ClipDataModule`.

    Raises:
        UserError: no part has a root, or what the splits and `Mixture` raise.
    """
    used = {name: part for name, part in parts.items() if part["root"] is not None}
    if not used:
        raise UserError(
            f"No part of the mixture was given. Set data.parts.NAME.root=FOLDER for some of: {', '.join(parts)}."
        )
    splits: dict[str, Split] = {}
    for name, part in used.items():
        arguments = {key: value for key, value in part.items() if key not in ("kind", "weight")}
        with under_key(f"data.parts.{name}", **{"source.decoder": "kind.source.decoder"}):
            splits[name] = part["kind"](**arguments, scale=scale, train=train, max_broken=max_broken)
    weights = {name: part["weight"] for name, part in used.items()}
    val = Mixture({name: clips for name, (_, clips) in splits.items()}, weights)
    training = {name: clips for name, (clips, _) in splits.items() if clips is not None}
    mixture = Mixture(training, weights) if training else None
    return ClipDataModule(mixture, _in_turn(val), scale=scale, max_broken=max_broken, **settings)


def _in_turn(mixture: Mixture) -> Clips:
    """The first clip of each part, then the second of each, …."""
    starts = [sum(count for count, _ in mixture.parts[:number]) for number in range(len(mixture.parts))]
    groups = [mixture[start : start + count] for start, (count, _) in zip(starts, mixture.parts, strict=True)]
    ordered = chain.from_iterable(zip_longest(*groups))
    return Clips([clip for clip in ordered if clip is not None], mixture.broken)
