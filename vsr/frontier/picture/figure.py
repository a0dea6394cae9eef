"""The whole picture."""

from __future__ import annotations

import textwrap
from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from vsr.frontier.frontier import Frontier
from vsr.frontier.picture.close_up import close_up
from vsr.frontier.picture.colour_scale import ColourScale
from vsr.frontier.picture.panel import Panel
from vsr.frontier.published import other_clips

DPI = 150
PANEL = (8.0, 6.0)  # inches

_CHARACTERS = 125  # of a footnote that go into a panel's width


def draw(frontier: Frontier, colour: str | None = None) -> Figure:
    """The points in the plane of the axes; of three axes, in that of each two.

    Where the frontier takes up little of the plane, it is drawn once more from close up.

    Args:
        frontier: what is drawn.
        colour: the λ that colours show, as in `ColourScale`.

    Raises:
        UserError: there is no such λ.
    """
    scale = ColourScale(frontier, colour)
    planes = list(combinations(frontier.axes, 2))
    views: list[Bbox | None] = [None for _ in planes]
    if len(planes) == 1 and (box := close_up(frontier)) is not None:
        planes, views = planes * 2, [None, box]
    figure = Figure(figsize=(PANEL[0] * len(planes), PANEL[1]), dpi=DPI, layout="constrained")
    drawn = figure.subplots(1, len(planes), squeeze=False)[0]
    panels = [
        Panel(frontier, scale, axes, x, y, view) for axes, (x, y), view in zip(drawn, planes, views, strict=True)
    ]
    if views[-1] is not None:
        panels[0].leave_to_close_up(views[-1])
    if scale.is_shown:
        bar = figure.colorbar(scale.mappable, ax=list(drawn), label=f"λ of the {scale.name} term", pad=0.02)
        bar.set_ticks([scale.position(value) for value in scale.ticks()], labels=[f"{v:.3g}" for v in scale.ticks()])
        bar.minorticks_off()
    figure.suptitle(_title(frontier), fontsize=11)
    if frontier.published:
        footnote = textwrap.fill(_footnote(frontier), _CHARACTERS * len(planes))
        figure.supxlabel(footnote, fontsize=8, color="0.35")
    figure.draw_without_rendering()  # settles the layout, which the places of labels depend on
    for panel in panels:
        panel.write_labels()
    return figure


def _title(frontier: Frontier) -> str:
    setting, clips = frontier.setting, len(frontier.setting.frames)
    parts = [
        setting.dataset,
        f"×{setting.scale} {setting.degradation}",
        f"protocol {setting.protocol}",
        f"{clips} clip{'' if clips == 1 else 's'}",
    ]
    return " · ".join(parts + (["RANDOM weights, for tests only"] if setting.random_weights else []))


def _footnote(frontier: Frontier) -> str:
    """Where the published points come from, and which clips they are of where ours are not the same."""
    sources = "; ".join(dict.fromkeys(point.source for point in frontier.published))
    means = other_clips(frontier.published, frontier.setting)
    return f"× published: {sources}." + (f" These are {means}." if means else "")
