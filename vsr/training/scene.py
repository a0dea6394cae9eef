"""One training batch, in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vsr.data.batch import hr_and_lr
from vsr.degradations.per_clip import Degradation
from vsr.discriminators.context import Context
from vsr.motion.motion import Motion


@dataclass(frozen=True)
class Scene:
    """Clips as training sees them: LR ``(B, T, 3, h, w)``, HR ``(B, T, 3, H, W)``, HR's motion where it is known."""

    lr: Tensor
    hr: Tensor
    motion: Motion | None = None

    @classmethod
    def of_batch(cls, batch: dict[str, Any], degradation: Degradation) -> Scene:
        """The clips of a batch of `TrainingClips`; their LR is the batch's own, or made here."""
        hr, lr = hr_and_lr(batch, degradation)
        return cls(lr, hr, Motion.of_batch(batch))

    def split(self, parts: int) -> Iterator[Scene]:
        """The clips in ``parts`` equal parts, whose mean losses have the mean loss of all as their mean."""
        fields = [field.chunk(parts) for field in self.motion] if self.motion else []
        for index, (lr, hr) in enumerate(zip(self.lr.chunk(parts), self.hr.chunk(parts), strict=True)):
            yield Scene(lr, hr, Motion(*(field[index] for field in fields)) if fields else None)


@dataclass(frozen=True)
class Attempt:
    """What the generator made of a `Scene`, for the discriminators to judge: SR, detached, beside its original."""

    sr: Tensor
    hr: Tensor
    context: Context
