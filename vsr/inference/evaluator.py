"""Scores generators on whole clips, beside bicubic enlargement of the same input."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsr.degradations import upsample
from vsr.errors import UserError
from vsr.inference.media import ClipMedia, MediaFolder, to_uint8
from vsr.metrics import ClipScorer, ClipScores, OverClips, SetScores
from vsr.results_layout import BICUBIC
from vsr.seeds import seed_all

HR = "HR"
"""What stands beside the generators and bicubic in every picture."""

_LATENT = 1  # a generator's draws; the degradation's have no number
_PIXELS_AT_ONCE = 2**21  # of a clip at high resolution, in float

Frames = Callable[[Sequence[int]], Tensor]
"""The numbers of n frames to these frames, (n, 3, H, W) in [0, 1]."""

SuperResolve = Callable[[Tensor], Tensor | Frames]
"""LR (1, T, 3, h, w) to SR, as a whole or to be made a few frames at a time."""


@dataclass(frozen=True)
class ClipResult:
    """Scores of one clip by generator, those of `BICUBIC` among them, and where its pictures are, if any."""

    name: str
    scores: dict[str, ClipScores]
    media: ClipMedia | None = None


class Evaluator:
    """Degrades a clip (unless it brings its own LR), super-resolves it whole, scores it against the original.

    Beside SR and the clip's 8-bit original only a few frames of anything are held at once.

    Args:
        degradation: HR ``(B, T, 3, H, W)`` to LR, both in [0, 1].
        scorer: what is measured, and how.
        scale: of the generators.
        seed: of the draws of a random degradation or a latent, together with the clip's name alone: every scoring of a
            clip sees the same draw, whichever clips come before it and whatever else is scored.
    """

    def __init__(self, degradation: Callable[[Tensor], Tensor], scorer: ClipScorer, scale: int, seed: int = 0) -> None:
        self.degradation = degradation
        self.seed = seed
        self.scorer = scorer
        self.scale = scale
        self.media: MediaFolder | None = None
        self._over: dict[str, OverClips] = {}
        self._bicubic: dict[str, ClipScores] = {}

    def begin(self, generators: Iterable[str], device: torch.device) -> None:
        """Begin with a set of clips, to be scored for each of ``generators``; what is known of bicubic stays.

        Args:
            generators: their names.
            device: that processes exchange tensors from, if there are several.
        """
        # Sums are of float64, which not every device has.
        where = device if device.type == "cuda" else torch.device("cpu")
        bicubic = self._over.get(BICUBIC)
        self._over = {name: self.scorer.over_clips().to(where) for name in generators}
        self._over[BICUBIC] = bicubic or self.scorer.over_clips().to(where)

    @torch.no_grad()
    def __call__(
        self, generators: Mapping[str, SuperResolve], clip: Mapping[str, Any], counts: bool = True
    ) -> ClipResult:
        """Score each of ``generators``, by name, on ``clip``; all are given the very same tensor.

        Its ``"hr"`` is uint8 ``(T, 3, H, W)``, on the device of the generators, as is ``"lr"`` if it is there. Where
        it is ``"mirrored"``, the generator is given LR followed by itself backwards; where it has ``"scored"``, only
        those frames are scored. Where `media` is set, pictures and a video of the clip are written there.

        Args:
            generators: what is scored.
            clip: an item of `EvaluationClips`.
            counts: whether it counts towards the scores of the set; not where another process scores it, too.

        Raises:
            UserError: a metric compares neighbouring frames, and those that are scored are none.
        """
        name, hr = clip["name"], clip["hr"]
        self._seed(name)
        lr = _in_float(clip["lr"]) if "lr" in clip else self.degradation(_in_float(hr)[None])[0]
        frames = list(clip.get("scored", range(len(hr))))
        if self.scorer.of_pairs and frames != list(range(frames[0], frames[-1] + 1)):
            raise UserError(
                f"{', '.join(self.scorer.of_pairs)} compares neighbouring frames, and of clip {name} only frames "
                f"{', '.join(map(str, frames))} are scored. Leave it out of metrics."
            )
        bicubic = partial(_enlarged, lr, self.scale)
        if name not in self._bicubic:
            # Bicubic does not change while a generator trains: one scoring serves every validation.
            self._bicubic[name] = self._score(bicubic, hr, frames, self._over.get(BICUBIC) if counts else None)
        scores, pictures = {BICUBIC: self._bicubic[name]}, {BICUBIC: self._pictures(bicubic, hr)}
        given = (torch.cat((lr, lr.flip(0))) if clip.get("mirrored") else lr)[None]
        for label, generator in generators.items():
            self._seed(name, _LATENT)
            sr = _frames(generator(given))
            scores[label] = self._score(sr, hr, frames, self._over.get(label) if counts else None)
            pictures[label] = self._pictures(sr, hr)
            del sr  # it is large, and the next one is to come
        if not self.media:
            return ClipResult(name, scores)
        pictures[HR] = self._pictures(partial(_of_original, hr), hr)
        return ClipResult(name, scores, self.media.write(name, pictures))

    def over_clips(self) -> dict[str, SetScores]:
        """Scores of the clips since `begin`, those of all processes together, by generator; `BICUBIC` among them."""
        return {name: over.compute() for name, over in self._over.items()}

    def _seed(self, name: str, *what: int) -> None:
        seed_all(self.seed, zlib.crc32(name.encode()), *what)

    def _score(self, version: Frames, hr: Tensor, frames: Sequence[int], into: OverClips | None) -> ClipScores:
        scoring = self.scorer.begin(len(frames), into)
        for some in _some_at_once(frames, hr):
            scoring.add(version(some), _of_original(hr, some))
        scores = scoring.finish()
        return replace(scores, frames=tuple(frames[number] for number in scores.frames))

    def _pictures(self, version: Frames, hr: Tensor) -> np.ndarray:
        """What `media` shows, (n, H, W, 3) uint8; nothing where it is not set."""
        shown = range(len(hr))[: self.media.max_frames if self.media else 0]
        parts = [to_uint8(version(some)) for some in _some_at_once(shown, hr)]
        return np.concatenate(parts) if parts else np.empty((0, 0, 0, 3), np.uint8)


def _some_at_once(frames: Sequence[int], hr: Tensor) -> Iterator[Sequence[int]]:
    at_once = max(1, _PIXELS_AT_ONCE // (hr.shape[-1] * hr.shape[-2]))
    return (frames[start : start + at_once] for start in range(0, len(frames), at_once))


def _in_float(frames: Tensor) -> Tensor:
    return frames.float() / 255


def _of_original(hr: Tensor, frames: Sequence[int]) -> Tensor:
    return _in_float(hr[list(frames)])


def _enlarged(lr: Tensor, scale: int, frames: Sequence[int]) -> Tensor:
    return upsample(lr[list(frames)], scale)


def _frames(sr: Tensor | Frames) -> Frames:
    return partial(clamped, sr) if isinstance(sr, Tensor) else sr


def clamped(sr: Tensor, frames: Sequence[int]) -> Tensor:
    """Of SR (1, T, 3, H, W) some ``frames``, as `Frames`."""
    return sr[0, list(frames)].float().clamp(0, 1)
