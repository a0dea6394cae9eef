"""What the report shows, as the JSON that its page reads."""

from __future__ import annotations

import base64
import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from vsr.frontier.axes import DISTORTION, FEATURES, PERCEPTION, TIME, Axis
from vsr.frontier.frontier import Frontier
from vsr.frontier.point import Point
from vsr.frontier.report.pictures import Clip, Picture
from vsr.overrides import quoted

MEANINGS = {
    DISTORTION: "Distortion: distance of the pixels to those of the very original.",
    FEATURES: (
        "Distortion in feature space: needs the very original as well, and compares features of a network. It goes "
        "along with what people see, but is no perception index in the sense of Blau & Michaeli (2018)."
    ),
    TIME: "Consistency over time: how much the change from frame to frame differs from the original's.",
    PERCEPTION: (
        "Perception: how far the statistics of the results are from those of real clips, whichever clip each was "
        "made from."
    ),
}
"""What each kind of axis measures, in the order from distortion to perception in which a reader is led."""


def content(frontier: Frontier, clips: Sequence[Clip], notes: Sequence[str]) -> dict[str, Any]:
    """Everything on the page; of points, those that the frontier has, in its order.

    Args:
        frontier: what is shown.
        clips: pictures of its points.
        notes: sentences to print beside the frontier's own.
    """
    setting = frontier.setting
    return {
        "setting": {**dataclasses.asdict(setting), "clips": list(setting.frames)},
        "metrics": [_axis(axis) for axis in frontier.metrics.values()],
        "kinds": [{"kind": kind, "meaning": meaning} for kind, meaning in MEANINGS.items()],
        "axes": [axis.metric for axis in frontier.axes],
        "weights": frontier.varied_weights,
        "points": [_point(point, clips) for point in frontier.points],
        "curves": _curves(frontier),
        "bicubic": dict(frontier.bicubic),
        "published": [dataclasses.asdict(point) for point in frontier.published],
        "clips": [_clip(clip) for clip in clips],
        "scores": _scores(frontier),
        "notes": [*frontier.notes, *notes],
    }


def use(point: Point) -> dict[str, str] | None:
    """A command line that uses ``point``, and what it does; None where it is not known what made the point."""
    temperature = [f"temperature={point.temperature:.10g}"] if point.temperature else []
    if point.curve and len(point.curve.of) > 1:
        road, of = point.curve.name.split()[0], f"ckpt=[{','.join(map(quoted, point.curve.of))}]"
        value = f"{point.curve.value:.10g}"
        if road == "weights":
            made = [of, f"{point.curve.parameter}={value}", "output=generator.safetensors"]
            return {"what": "Make a checkpoint of it", "command": shlex.join(["python", "-m", "vsr.export", *made])}
        place = [f"interpolate={road}", f"{point.curve.parameter}s={value}"]
        return {"what": "Score it again", "command": _command(of, *place, *temperature)}
    if point.checkpoint is None:
        return None
    chosen = [f"ckpt={quoted(point.checkpoint)}", *temperature]
    return {"what": "Upscale a video with it", "command": _command(*chosen, "input=in.mp4", "output=out.mp4")}


def _command(*arguments: str) -> str:
    return shlex.join(["python", "evaluate.py", *arguments])


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "metric": axis.metric,
        "title": axis.title,
        "kind": axis.kind,
        "higherIsBetter": axis.higher_is_better,
        "decimals": axis.decimals,
    }


def _point(point: Point, clips: Sequence[Clip]) -> dict[str, Any]:
    return {
        "label": point.label,
        "values": dict(point.values),
        "intervals": {metric: list(ends) for metric, ends in point.intervals.items()},
        "weights": None if point.weights is None else dict(point.weights),
        "trainingSeconds": point.training_seconds,
        "results": str(point.results),
        "use": use(point),
        "pictures": {clip.name: _picture(clip.points[point.label]) for clip in clips if point.label in clip.points},
    }


def _curves(frontier: Frontier) -> list[dict[str, Any]]:
    """The roads that cost no training, each with the numbers of its points in order."""
    return [
        {"name": each.road.name, "points": list(each.road.points)}
        for each in frontier.roads
        if frontier.points[each.road.points[0]].curve
    ]


def _clip(clip: Clip) -> dict[str, Any]:
    return {
        "name": clip.name,
        **clip.place._asdict(),
        "bicubic": _picture(clip.bicubic),
        "hr": _picture(clip.hr),
    }


def _picture(picture: Picture) -> dict[str, Any]:
    film = picture.film
    return {
        "still": _uri(picture.still),
        "film": film and {"src": _uri(film.webp), "frames": film.frames, "milliseconds": film.milliseconds},
    }


def _uri(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode()


def _scores(frontier: Frontier) -> Mapping[str, Any]:
    """What the whole is worth in the axes that it was traced in."""
    interval = frontier.hypervolume_interval
    return {
        "hypervolume": frontier.hypervolume,
        "interval": list(interval) if interval else None,
        "perHour": frontier.hypervolume_per_hour,
        "unit": " × ".join(axis.title for axis in frontier.axes),
        "reference": "bicubic" if frontier.reference is None else "the given reference",
    }
