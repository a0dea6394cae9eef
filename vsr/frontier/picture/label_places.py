"""Where to write the labels of points so that they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

_MARK = 5.0  # half the side of what a mark covers, points
_DISTANCES = (7.0, 16.0, 28.0, 42.0, 58.0)  # from the mark, points
_DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
_LEADER = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4}


def write_labels(axes: Axes, places: Sequence[tuple[float, float]], texts: Sequence[str]) -> None:
    """Write each of ``texts`` as near its place as it covers no mark, no other label and not the legend.

    A label that has to go far gets a line to its place, which crosses no label and no other such line; one for which
    there is no room is left out.

    Args:
        axes: with their final limits, in a figure whose layout is done.
        places: of all marks, in data coordinates.
        texts: one a place; nothing is written for an empty one.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    renderer = FigureCanvasAgg(figure).get_renderer()
    pixels = figure.dpi / 72
    marks = axes.transData.transform(np.array(places))
    taken = [Bbox.from_extents(*(mark - _MARK * pixels), *(mark + _MARK * pixels)) for mark in marks]
    legend = axes.get_legend()
    taken += [legend.get_window_extent(renderer)] if legend else []
    lines: list[Path] = []
    for mark, place, text in zip(marks, places, texts, strict=True):
        if not text:
            continue
        others = [box for box in taken if not box.contains(*mark)]  # not its own mark, nor one on top of it
        for distance, direction in product(_DISTANCES, _DIRECTIONS):
            label = _label(axes, text, place, distance, direction)
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # the annotation's own has the line in it
            line = Path([mark, _nearest(box, mark)])
            if (
                _inside(box, axes.bbox)
                and not any(box.overlaps(other) for other in taken)
                and not any(line.intersects_bbox(other, filled=False) for other in others)
                and not any(line.intersects_path(other, filled=False) for other in lines)
                and not any(other.intersects_bbox(box, filled=False) for other in lines)
            ):
                taken.append(box)
                lines.append(line)
                break
            label.remove()


def _label(
    axes: Axes, text: str, place: tuple[float, float], distance: float, direction: tuple[int, int]
) -> Annotation:
    x, y = direction
    return axes.annotate(
        text,
        place,
        (distance * x / np.hypot(x, y), distance * y / np.hypot(x, y)),
        textcoords="offset points",
        fontsize=8,
        ha={1: "left", 0: "center", -1: "right"}[x],
        va={1: "bottom", 0: "center", -1: "top"}[y],
        arrowprops=_LEADER if distance > _DISTANCES[0] else None,
    )


def _nearest(box: Bbox, point: np.ndarray) -> np.ndarray:
    """Of ``box``, what is nearest to ``point``."""
    return np.clip(point, (box.x0, box.y0), (box.x1, box.y1))


def _inside(box: Bbox, outer: Bbox) -> bool:
    return bool(box.x0 >= outer.x0 and box.x1 <= outer.x1 and box.y0 >= outer.y0 and box.y1 <= outer.y1)
