"""The pictures in the report: of each clip the same part of every point, of bicubic and of HR."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageSequence

from vsr.frontier.kept import Kept, Place
from vsr.frontier.point import Point

LIMIT = 15 * 2**20
"""Bytes of pictures in a report, where they are text and a third larger."""


class Film(NamedTuple):
    """Successive frames, one below the other in one WebP. Unlike animated pictures, films can be shown in step."""

    webp: bytes
    frames: int
    milliseconds: int


class Picture(NamedTuple):
    """A crop of one version of a clip: of one frame, WebP without loss, and moving, where that was kept."""

    still: bytes
    film: Film | None


@dataclass(frozen=True)
class Clip:
    """A clip as the report shows it.

    Args:
        name: of the clip.
        place: the part that is shown.
        bicubic: the baseline.
        hr: the original.
        points: by label; those without pictures of this clip are missing.
    """

    name: str
    place: Place
    bicubic: Picture
    hr: Picture
    points: Mapping[str, Picture]

    @property
    def size(self) -> int:
        """Of its pictures, in bytes."""
        pictures = (self.bicubic, self.hr, *self.points.values())
        return sum(len(picture.still) + (len(picture.film.webp) if picture.film else 0) for picture in pictures)

    def without_films(self) -> Clip:
        """Its stills alone."""
        return dataclasses.replace(
            self,
            bicubic=self.bicubic._replace(film=None),
            hr=self.hr._replace(film=None),
            points={label: picture._replace(film=None) for label, picture in self.points.items()},
        )


def clips(points: Sequence[Point], limit: int = LIMIT) -> tuple[list[Clip], list[str]]:
    """The clips that pictures were kept of, and a sentence on each thing that is not shown.

    Args:
        points: those to show.
        limit: bytes of all pictures; clips that do not fit are shown without films, or not at all.
    """
    shown: list[Clip] = []
    notes: list[str] = []
    for name in dict.fromkeys(name for point in points for name in point.media):
        clip = _clip(name, [point for point in points if name in point.media], notes)
        if clip is None:
            continue
        left = limit - sum(each.size for each in shown)
        fitting = next((each for each in (clip, clip.without_films()) if each.size <= left), None)
        if fitting is not clip:
            what = "does not move" if fitting else "is not shown"
            notes.append(f"Clip {name} {what}: this file would hold more than {limit / 2**20:.0f} MB of pictures.")
        if fitting:
            shown.append(fitting)
    return shown, notes


def _clip(name: str, points: Sequence[Point], notes: list[str]) -> Clip | None:
    """The clip ``name`` in the place that the first of ``points`` kept; ``notes`` grow by what cannot be shown."""
    place = points[0].media[name].place
    bicubic_and_hr: tuple[Picture, Picture] | None = None
    shown = {}
    for point in points:
        kept, folder = point.media[name], point.results.parent
        if kept.place.frame != place.frame:
            notes.append(f"{point.label} is not shown in clip {name}: it kept another frame than {points[0].label}.")
            continue
        try:
            picture = _picture(kept, "sr", folder, place)
            bicubic_and_hr = bicubic_and_hr or (
                _picture(kept, "bicubic", folder, place),
                _picture(kept, "hr", folder, place),
            )
        except OSError as error:
            notes.append(f"{point.label} is not shown in clip {name}: {error}.")
            continue
        shown[point.label] = picture
    return Clip(name, place, *bicubic_and_hr, shown) if bicubic_and_hr else None


def _picture(kept: Kept, version: str, folder: Path, place: Place) -> Picture:
    """Of ``version`` the part in ``place``, from the files in ``folder`` that were ``kept`` of the clip.

    Raises:
        OSError: a file is missing or damaged.
    """
    with Image.open(folder / kept.stills[version]) as frame:
        box = (place.left, place.top, place.left + place.side, place.top + place.side)
        still = _webp(frame.convert("RGB").crop(box), lossless=True)
    # What moves was cropped when it was written.
    return Picture(still, _film(folder / kept.moving[version], kept.fps) if kept.place == place else None)


def _film(path: Path, fps: float) -> Film:
    frames: list[Image.Image] = []
    with Image.open(path) as moving:
        for frame in ImageSequence.Iterator(moving):
            picture = frame.convert("RGB")
            # One that stands for several alike lasts longer; a film that does not move at all says no duration.
            frames += [picture] * max(1, round(moving.info.get("duration", 0) * fps / 1000))
    below = Image.new("RGB", (frames[0].width, frames[0].height * len(frames)))
    for number, picture in enumerate(frames):
        below.paste(picture, (0, number * picture.height))
    return Film(_webp(below, quality=85, method=2), len(frames), round(1000 / fps))


def _webp(picture: Image.Image, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, "WEBP", **options)
    return content.getvalue()
