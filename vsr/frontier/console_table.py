"""What the command prints."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vsr.frontier.axes import Axis
from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Point, Values
from vsr.results_layout import BICUBIC
from vsr.terminal import terminal

_LONGEST = 24  # letters of a word that is not broken


def print_frontier(frontier: Frontier, console: Console | None = None) -> None:
    """Print the points from least to most distortion, what each road reaches, numbers of the whole, and the notes."""
    console = console or terminal()
    console.print(_points(frontier))
    console.print(_roads(frontier))
    for line in _numbers(frontier):
        console.print(escape(line), highlight=False)
    for note in frontier.notes:
        console.print(escape(f"Note: {note}"), highlight=False)


def _points(frontier: Frontier) -> Table:
    setting = frontier.setting
    about = [setting.dataset, f"×{setting.scale} {setting.degradation}", f"protocol {setting.protocol}"]
    caption = " · ".join([*about, "● on the frontier"])
    longest = max(len(word) for point in frontier.points for word in point.label.split())
    table = Table(box=SIMPLE_HEAD, caption=escape(caption), pad_edge=False, collapse_padding=True)
    table.add_column("")
    table.add_column("point", overflow="fold", min_width=min(longest, _LONGEST))
    for each in frontier.axes:
        table.add_column(f"{each.title} {'↑' if each.higher_is_better else '↓'}", justify="right", no_wrap=True)
    for name in frontier.varied_weights:
        widest = max(len(_weight(point, name)) for point in frontier.points)  # a number is not to be broken
        table.add_column(f"λ\n{escape(name)}", justify="right", overflow="fold", min_width=widest)
    for point, on_frontier in zip(frontier.points, frontier.on_frontier, strict=True):
        cells = [_score(each, point) for each in frontier.axes]
        weights = [_weight(point, name) for name in frontier.varied_weights]
        style = None if on_frontier else "dim"
        table.add_row("●" if on_frontier else "", escape(point.label), *cells, *weights, style=style)
    for name, values in ((BICUBIC, frontier.bicubic), ("reference", frontier.reference or {})):
        if any(each.metric in values for each in frontier.axes):
            table.add_row("", name, *(_value(each, values) for each in frontier.axes), style="italic")
    return table


def _roads(frontier: Frontier) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("road", overflow="fold")
    for heading in ("points", "on the frontier", "hypervolume", "training h", "per hour"):
        table.add_column(heading, justify="right")
    for road, on_frontier, hypervolume, per_hour in frontier.roads:
        hours = "–" if road.seconds is None else f"{road.seconds / 3600:.3g}"
        counts = str(len(road.points)), str(on_frontier)
        table.add_row(
            escape(road.name), *counts, f"{hypervolume:.4g}", hours, "–" if per_hour is None else f"{per_hour:.4g}"
        )
    return table


def _numbers(frontier: Frontier) -> list[str]:
    unit = " × ".join(each.title for each in frontier.axes)
    interval, gap = frontier.hypervolume_interval, frontier.hull_gap
    between = f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else ""
    reference = BICUBIC if frontier.reference is None else "the reference given"
    lines = [f"Hypervolume up to {reference}: {frontier.hypervolume:.4g}{between} in {unit}"]
    if frontier.hypervolume_per_hour is not None:
        lines[0] += f"; {frontier.hypervolume_per_hour:.4g} an hour of training"
    for name, of_axes in frontier.spearman.items():
        shown = ", ".join(f"{metric} {rho:+.2f}" for metric, rho in of_axes.items())
        lines.append(f"Spearman's ρ of λ {name}: {shown or 'none, all scores are equal'}")
    if gap:
        share = f"{gap.largest:.0%} of the frontier's height at most, {gap.mean:.0%} on average"
        lines.append(f"Gap to the convex hull: {share}")
    if step := frontier.widest_step:
        ends = " to ".join(frontier.points[number].label for number in (step.first, step.second))
        lines.append(f"Widest step: {step.share:.0%} of the frontier's extent, from {ends}")
    return lines


def _score(axis: Axis, point: Point) -> str:
    interval = point.intervals.get(axis.metric)
    between = escape(f"\n[{axis.text(interval[0])}, {axis.text(interval[1])}]") if interval else ""
    return _value(axis, point.values) + between


def _value(axis: Axis, values: Values) -> str:
    return axis.text(values[axis.metric]) if axis.metric in values else "–"


def _weight(point: Point, name: str) -> str:
    weight = point.weight(name)
    return "–" if weight is None else f"{weight:g}"
