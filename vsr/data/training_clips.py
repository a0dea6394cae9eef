"""Random crops of random excerpts: an endless training set in which item ``index`` is always the same."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from vsr.data.augmentation import Augmentation
from vsr.data.clip import Clip
from vsr.errors import UserError


class TrainingClips(Dataset[dict[str, Any]]):
    """Item ``index`` is ``{"hr": uint8 (T, 3, crop, crop), "name": str}``.

    Every draw comes from ``np.random.default_rng((seed, index))`` alone, so neither the number of workers nor that
    of devices changes what is seen. Every possible excerpt of ``frames`` frames is equally likely. There is no
    length: a sampler decides how many items are asked for.

    Args:
        clips: the source.
        frames: T, consecutive frames in an item.
        crop: side of the square crop in HR pixels.
        seed: of all draws; not negative.
        flips: mirror left-right and top-bottom, each half of the time.
        transpose: swap rows and columns half of the time.
        reverse: play backwards half of the time.
        with_motion: also give the true motion (`ExactMotion`'s four fields as tensors), turned and cropped with the
            frames. Only for clips that know it (`MovingClip`).

    Raises:
        UserError: a clip is shorter than ``frames`` or smaller than ``crop``, or does not know its motion.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        frames: int,
        crop: int,
        seed: int,
        flips: bool = True,
        transpose: bool = True,
        reverse: bool = True,
        with_motion: bool = False,
    ) -> None:
        _check(clips, frames, crop, with_motion)
        self.clips = clips
        self.frames, self.crop, self.seed = frames, crop, seed
        self.flips, self.transpose, self.reverse, self.with_motion = flips, transpose, reverse, with_motion
        self._ends = np.cumsum([clip.length - frames + 1 for clip in clips])  # start positions up to and with a clip

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng((self.seed, index))
        position = rng.integers(self._ends[-1])
        which = int(np.searchsorted(self._ends, position, side="right"))
        clip: Any = self.clips[which]
        start = int(position) - (int(self._ends[which - 1]) if which else 0)
        top, left = (int(rng.integers(side - self.crop + 1)) for side in clip.size)
        augmentation = self._draw_augmentation(rng)

        span = range(start, start + self.frames)
        window = clip.read(span)[:, top : top + self.crop, left : left + self.crop]
        item = {"hr": _tensor(augmentation.frames(window).transpose(0, 3, 1, 2)), "name": clip.name}
        if self.with_motion:
            motion = augmentation.motion(clip.motion(span).crop(top, left, self.crop))
            item |= {field: _tensor(array) for field, array in motion._asdict().items()}
        return item

    def _draw_augmentation(self, rng: np.random.Generator) -> Augmentation:
        allowed = np.array([self.flips, self.flips, self.transpose, self.reverse])
        # Four draws whatever is allowed: switching one augmentation off leaves the others as they were.
        return Augmentation(*((rng.random(4) < 0.5) & allowed).tolist())


def _tensor(array: np.ndarray) -> torch.Tensor:
    # An own copy always: a view would keep the whole picture alive, or be one of a clip's own memory.
    return torch.from_numpy(array.copy(order="C"))


def _check(clips: Sequence[Clip], frames: int, crop: int, with_motion: bool) -> None:
    if not clips:
        raise UserError("There are no training clips. Set data.root=FOLDER to a folder that holds some.")
    short = [f"'{clip.name}' ({clip.length})" for clip in clips if clip.length < frames]
    if short:
        raise UserError(f"Clips shorter than data.frames={frames}: {_some(short)}. Lower data.frames or remove them.")
    small = [f"'{clip.name}' ({clip.size[1]}x{clip.size[0]})" for clip in clips if min(clip.size) < crop]
    if small:
        raise UserError(f"Clips smaller than data.crop={crop}: {_some(small)}. Lower data.crop or remove them.")
    if with_motion and not all(hasattr(clip, "motion") for clip in clips):
        raise UserError("data.with_motion=true needs clips of known motion: use data=synthetic.")


def _some(names: list[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
