"""What a reader must know of a frontier besides its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from vsr.frontier.axes import PERCEPTION
from vsr.frontier.frontier import Frontier
from vsr.metrics.table import METRICS


def remarks(frontier: Frontier) -> Iterator[str]:
    """One sentence each."""
    if frontier.setting.random_weights:
        yield "RANDOM weights, for tests only."
    if all(each.metric in METRICS and each.kind != PERCEPTION for each in frontier.axes):
        yield (
            "No axis is a distribution distance: this trades one distance to the original for another. "
            "patch_kid and patch_fid are perception in the sense of Blau & Michaeli."
        )
    clips = len(frontier.setting.frames)
    if clips < 2:
        scored = "One clip was scored" if clips else "The files have no scores of single clips"
        yield f"{scored}, so there are no intervals."
    elif frontier.hypervolume_interval is None:
        yield "The hypervolume has no interval: not every axis has a score for each clip."
    reference = "bicubic" if frontier.reference is None else "the reference"
    counted = sum(frontier.counted)
    if not counted:
        yield f"No point is better than {reference} on every axis, so the hypervolume is 0."
    elif counted < len(frontier.points):
        beyond = f"{len(frontier.points) - counted} of {len(frontier.points)} points"
        yield f"{beyond} are not better than {reference} on every axis, and add no hypervolume."
    if frontier.training_seconds is None:
        yield "The training time of some points is not known, so there is no hypervolume an hour."
