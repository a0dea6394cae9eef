"""Validation: whole clips, scored one by one; every rank scores its share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import lightning as L
from torch import nn

from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.metrics import SetScores
from vsr.results_layout import BICUBIC
from vsr.training.ranks import gather

SR = "SR"
"""The generator's name among the scores."""


class ScoredModule(L.LightningModule):
    """A module whose generator is scored on whole clips.

    Args:
        evaluator: scores a clip against its original and against bicubic.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__()
        self.evaluator = evaluator
        self.results: list[ClipResult] = []
        self.scores = _no_scores()  # of the last validation, by `SR` and `BICUBIC`
        self.generator_steps = 0
        self.validated_at: int | None = None
        self.most_clips: int | None = None  # a rank scores in a validation; None: all of its share

    @property
    @abstractmethod
    def evaluated_generator(self) -> nn.Module:
        """What is validated, exported and scored."""

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self.results = []
        self.evaluator.begin([SR], self.device)
        self.evaluated_generator.to(self.device)  # a moving average is no submodule, so Lightning does not move it

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Score a clip of `EvaluationClips`, unless it could not be read or `most_clips` are scored already."""
        if "hr" in batch and (self.most_clips is None or batch_idx < self.most_clips):
            counts = not self._is_repeated(batch_idx)
            self.results.append(self.evaluator({SR: self.evaluated_generator}, batch, counts))

    def on_validation_epoch_end(self) -> None:
        """Mean over the clips of all ranks."""
        self.results = gather(self.results)
        self.validated_at = self.generator_steps
        self.log("step", float(self.generator_steps))
        self.scores = self.evaluator.over_clips() if self.results else _no_scores()
        for name, value in self.scores[SR].values.items():
            self.log(f"val/{name}", value, prog_bar=name in ("psnr_y", "lpips"))

    def _is_repeated(self, batch_idx: int) -> bool:
        """Whether another rank scores this clip, too: the ranks are given equally many."""
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        return batch_idx * self.trainer.world_size + self.trainer.global_rank >= len(datamodule.val_clips)


def _no_scores() -> dict[str, SetScores]:
    return {name: SetScores({}, {}) for name in (SR, BICUBIC)}
