"""Which shots the sources consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from vsr.data.clip import Clip
from vsr.data.prepare.settings import Settings
from vsr.data.prepare.sources import Source
from vsr.data.store.index import Shot

FOLDER = "shots"
SHORT, STATIC, DUPLICATE = "short", "static", "duplicate"
"""Why shots are dropped."""


@dataclass(frozen=True)
class Task:
    """A shot to be stored, and where its frames come from.

    Attributes:
        shot: its future line of the index.
        clip: reads it.
        indices: its frames, in numbers of that clip.
    """

    shot: Shot
    clip: Clip
    indices: range


def plan(sources: Sequence[Source], settings: Settings) -> list[Task]:
    """Every shot between two scene cuts of every source, in order; those that are too short are marked as dropped."""
    return [
        _task(source, range(first, stop, settings.every), settings)
        for source in sources
        for first, stop in pairwise([0, *source.clip.cuts, source.clip.length])
    ]


def _task(source: Source, indices: range, settings: Settings) -> Task:
    name = f"{source.name}_{indices.start:06d}"
    height, width = settings.size(source.clip.size)
    fps = getattr(source.clip, "fps", None)
    short = len(indices) < settings.min_frames
    shot = Shot(
        name=name,
        clip=source.name,
        source=str(source.path),
        state=source.state,
        first=indices.start,
        frames=len(indices),
        height=height,
        width=width,
        fps=float(fps) / settings.every if fps else None,
        file=None if short else str(PurePosixPath(FOLDER, f"{name}.npy")),
        dropped=SHORT if short else None,
    )
    return Task(shot, source.clip, indices)
