"""Random crops of random excerpts: an endless training set in which item ``index`` is always the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vsr.data.augmentation import Augmentation
from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clip, Window
from vsr.data.clip_sampler import ClipDraw, ClipSampler
from vsr.data.planes import planes
from vsr.data.processes import one_thread
from vsr.degradations.per_clip import degrade
from vsr.errors import UserError

ATTEMPTS = 20
"""Items drawn in place of one that cannot be read, before it is taken that nothing can."""


class TrainingClips(Dataset[dict[str, Any]]):
    """Item ``index`` is ``{"hr": uint8 (T, 3, crop, crop), "name": str, "key": int64 (2,), "broken": [(path, why)]}``.

    Where the sampler's clip brings its LR, or `degradation` is set, also ``"lr"``: (T, 3, crop/scale, crop/scale),
    uint8 or, from a degradation that does not round, float32 in [0, 1]. ``"key"`` is (seed, index), from which whoever
    degrades the item later draws; ``"broken"`` lists the files that could not be read and in whose place the item was
    drawn. There is no length: a sampler decides how many items are asked for.

    Args:
        clips: the source.
        sampler: which frames and windows of it.
        scale: super-resolution factor.
        mirror: `hr_and_lr` lets the frames be followed by themselves backwards, 2T in all (BasicVSR on Vimeo-90K, Chan
            et al., 2021). Given on as ``"mirrored"`` in each item.
        with_motion: also give the true motion (`ExactMotion`'s four fields as tensors), turned and cropped with the
            frames. Only for clips that know it (`MovingClip`).

    Raises:
        UserError: ``with_motion``, and the motion is not known.
    """

    degradation: Callable[[Tensor], Tensor] | None = None
    """Makes LR here, on the CPU of whoever reads the item."""

    def __init__(
        self, clips: Sequence[Clip], sampler: ClipSampler, scale: int, mirror: bool = False, with_motion: bool = False
    ) -> None:
        if with_motion and not all(hasattr(clip, "motion") for clip in clips):
            raise UserError("data.with_motion=true needs clips of known motion: use data=synthetic.")
        if with_motion and (mirror or sampler.moving_first_frame or sampler.stills):
            raise UserError(
                "data.with_motion=true: the motion of mirrored and of still clips is not known; set data.mirror=false "
                "data.moving_first_frame=0, and data.frames to no more than the clips have"
            )
        self.clips, self.sampler, self.scale = clips, sampler, scale
        self.mirror, self.with_motion = mirror, with_motion

    @property
    def brings_lr(self) -> bool:
        """Whether each clip has its LR."""
        return all(hasattr(clip, "lr") for clip in self.clips)

    def __getitem__(self, index: int) -> dict[str, Any]:
        broken: list[tuple[str, str]] = []
        for attempt in range(ATTEMPTS):
            draw = self.sampler.draw(index, attempt)
            try:
                return {**self._item(draw, (self.sampler.seed, index)), "broken": broken}
            except BrokenFileError as error:
                broken.append((error.path, str(error)))
        raise UserError(f"{ATTEMPTS} training clips in a row could not be read; the last: {broken[-1][1]}")

    def _item(self, draw: ClipDraw, key: tuple[int, int]) -> dict[str, Any]:
        clip: Any = self.clips[draw.clip]
        hr = self._video(clip, draw.frames, draw.windows, draw.augmentation)
        item: dict[str, Any] = {"hr": hr, "name": clip.name, "key": torch.tensor(key)}
        if self.mirror:
            item["mirrored"] = True
        if (lr := getattr(clip, "lr", None)) is not None:
            windows = [window.over(self.scale) for window in draw.windows]
            item["lr"] = self._video(lr, draw.frames, windows, draw.augmentation)
        elif self.degradation is not None:
            item |= _degraded(self.degradation, hr, key)
        if self.with_motion:
            (window,) = draw.windows
            motion = clip.motion(draw.frames).crop(window.top, window.left, window.height)
            turned = draw.augmentation.motion(motion)._asdict()
            # Copies: a view would keep the whole picture alive.
            item |= {name: torch.from_numpy(array.copy(order="C")) for name, array in turned.items()}
        return item

    def _video(
        self, clip: Clip, frames: Sequence[int], windows: Sequence[Window], augmentation: Augmentation
    ) -> Tensor:
        return torch.from_numpy(planes(_read(clip, frames, windows), augmentation))


def too_small(clips: Sequence[Clip], least: int, asked_by: str) -> list[BrokenFileError]:
    """The clips with a side of fewer than ``least`` pixels, each with what to do about it; ``asked_by``: who asks."""
    return [
        BrokenFileError(
            f"Clip '{clip.name}' is {clip.size[1]}x{clip.size[0]}, smaller than {asked_by}={least}. "
            f"Lower {asked_by} or remove it.",
            str(getattr(clip, "path", clip.name)),
        )
        for clip in clips
        if min(clip.size) < least
    ]


def _read(clip: Clip, frames: Sequence[int], windows: Sequence[Window]) -> np.ndarray:
    """(T, height, width, 3) uint8; one frame for all windows is read once."""
    if len(windows) == 1:
        return clip.read(frames, windows[0])
    (picture,) = clip.read(frames[:1])
    return np.stack([window.of(picture) for window in windows])


def _degraded(degradation: Any, hr: Tensor, key: tuple[int, int]) -> dict[str, Any]:
    failures = getattr(degradation, "failures", 0)
    with one_thread():  # sums depend on how they are shared out, and draws on them
        lr = degrade(degradation, hr[None].float() / 255, [key])[0]
    # In 8 bits, where that loses nothing: a quarter of the bytes between processes and to the device.
    lr = (lr * 255).round().byte() if getattr(degradation, "quantise", False) else lr
    return {"lr": lr, "codec_failures": getattr(degradation, "failures", 0) - failures}
