"""The points in one plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from vsr.frontier.axes import Axis
from vsr.frontier.frontier import Frontier
from vsr.frontier.picture.colour_scale import ColourScale
from vsr.frontier.picture.label_places import write_labels
from vsr.frontier.point import Values
from vsr.metrics import bootstrap
from vsr.results_layout import BICUBIC

_CURVES = ("tab:red", "tab:orange", "tab:pink", "tab:brown")
_PUBLISHED = "tab:purple"
_FEW = 16  # points, each of which gets a label


class Panel:
    """Draws the points of a frontier in the plane of two axes.

    Points on the frontier are filled, dominated ones hollow; bars are intervals; the colour of a trained point is its
    λ; the points of a curve are joined by a line. Where the frontier has no third axis, a line shows up to where the
    plane is dominated, and what of it counts as hypervolume is shaded.

    Args:
        frontier: whose points.
        scale: the colours of its trained points.
        axes: to draw in.
        x: the horizontal axis.
        y: the vertical axis.
        view: the part of the plane that is drawn, in the axes' units; None: all.
    """

    def __init__(
        self, frontier: Frontier, scale: ColourScale, axes: Axes, x: Axis, y: Axis, view: Bbox | None = None
    ) -> None:
        self.frontier, self.axes, self.x, self.y = frontier, axes, x, y
        self.colours: list[Any] = [scale(point) for point in frontier.points]
        self.marks: list[tuple[float, float]] = []
        self.texts: list[str] = []
        self.legend: list[Line2D] = []
        axes.set_xlabel(_label(x))
        axes.set_ylabel(_label(y))
        axes.grid(color="0.93")
        axes.set_axisbelow(True)
        self._draw_curves()
        self._draw_points()
        self._draw_others()
        if len(frontier.axes) == 2:
            self._draw_edge()
        axes.margins(0.1)
        if view is not None:
            axes.set(xlim=view.intervalx, ylim=view.intervaly)
            axes.set_title("the dotted part, from close up", fontsize=9, color="0.35")
            self._name_those(lambda place: view.contains(*place))
        axes.legend(handles=self.legend, fontsize=8, framealpha=0.9)

    def leave_to_close_up(self, view: Bbox) -> None:
        """Frame the part of the plane that another panel draws; its points are named there."""
        self.axes.add_patch(
            Rectangle(view.p0, view.width, view.height, fill=False, color="0.25", linestyle=":", linewidth=1.3)
        )
        self._name_those(lambda place: not view.contains(*place))

    def write_labels(self) -> None:
        """Name the points. Comes last, once the layout is settled."""
        write_labels(self.axes, self.marks, self.texts)

    def _name_those(self, where: Callable[[tuple[float, float]], bool]) -> None:
        self.texts = [text if where(place) else "" for place, text in zip(self.marks, self.texts, strict=True)]

    def _draw_curves(self) -> None:
        """The lines; takes the colours of their points, too."""
        curves = [each.road for each in self.frontier.roads if self.frontier.points[each.road.points[0]].curve]
        for place, road in enumerate(curves):
            colour = _CURVES[place % len(_CURVES)]
            for number in road.points:
                self.colours[number] = colour
            x, y = zip(*(self._place(self.frontier.points[number].values) for number in road.points), strict=True)
            self.legend += self.axes.plot(x, y, color=colour, linewidth=1.2, label=road.name, zorder=2)

    def _draw_points(self) -> None:
        few = len(self.frontier.points) <= _FEW
        found = zip(self.frontier.points, self.frontier.on_frontier, self.colours, strict=True)
        for point, on_frontier, colour in found:
            x, y = self._place(point.values)
            if self.x.metric in point.intervals:
                self.axes.plot(point.intervals[self.x.metric], (y, y), color="0.75", linewidth=0.9, zorder=1)
            if self.y.metric in point.intervals:
                self.axes.plot((x, x), point.intervals[self.y.metric], color="0.75", linewidth=0.9, zorder=1)
            shape, size = ("D", 5) if point.curve else ("o", 8)
            inside = colour if on_frontier else "white"
            name = point.label.replace(" ", "\n") if few or (on_frontier and not point.curve) else ""
            self._mark((x, y), name, marker=shape, markersize=size, color=colour, markerfacecolor=inside)
        self.legend += [
            _handle("on the frontier", marker="o", color="0.4"),
            _handle("dominated", marker="o", color="0.4", markerfacecolor="white"),
        ]
        if any(point.intervals for point in self.frontier.points):
            self.legend.append(Line2D([], [], color="0.75", label=f"{bootstrap.LEVEL:.0%} interval over clips"))

    def _draw_others(self) -> None:
        """Bicubic, a reference that was given, and what others published."""
        for values, name, marker in (
            (self.frontier.bicubic, BICUBIC, "s"),
            (self.frontier.reference, "reference", "*"),
        ):
            if values and self._has(values):
                self._mark(self._place(values), name, marker=marker, color="black", markersize=8)
        published = [point for point in self.frontier.published if self._has(point.values)]
        for point in published:
            self._mark(self._place(point.values), point.method, marker="x", color=_PUBLISHED, markersize=8)
        if published:
            self.legend.append(_handle("published", marker="x", color=_PUBLISHED))

    def _draw_edge(self) -> None:
        best = [self._place(point.values) for point in self.frontier.best]
        self.axes.plot(*zip(*best, strict=True), drawstyle="steps-post", color="0.6", linewidth=0.9, zorder=1)
        flags = zip(self.frontier.points, self.frontier.on_frontier, self.frontier.counted, strict=True)
        counted = [self._place(point.values) for point, on_frontier, counts in flags if on_frontier and counts]
        if counted:
            x, y = map(list, zip(*counted, strict=True))
            end, top = self._place(self.frontier.reference_values)
            self.axes.fill_between([*x, end], [*y, y[-1]], top, step="post", color="0.5", alpha=0.08, linewidth=0)

    def _mark(self, place: tuple[float, float], name: str, **style: Any) -> None:
        self.axes.plot(*place, linestyle="none", zorder=3, **style)
        self.marks.append(place)
        self.texts.append(name)

    def _place(self, values: Values) -> tuple[float, float]:
        return values[self.x.metric], values[self.y.metric]

    def _has(self, values: Values) -> bool:
        return self.x.metric in values and self.y.metric in values


def _label(axis: Axis) -> str:
    return f"{axis.title} · {axis.kind}   {'better →' if axis.higher_is_better else '← better'}"


def _handle(name: str, **style: Any) -> Line2D:
    return Line2D([], [], linestyle="none", label=name, **style)
