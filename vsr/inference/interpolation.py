"""Two ways between two checkpoints without training: through their weights, and through their outputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.func import functional_call

from vsr.checkpoint_name import run_of
from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import state_mismatch
from vsr.inference.checkpoint import Checkpoint
from vsr.inference.cost import Cost, Measured
from vsr.inference.evaluator import Frames, clamped

log = logging.getLogger(__name__)


def interpolated(first: Generator, second: Generator, alpha: float) -> dict[str, Tensor]:
    """The state dict ``(1 - alpha) first + alpha second`` of two generators of one architecture, buffers included."""
    other = second.state_dict()
    return {name: torch.lerp(own, other[name], alpha) for name, own in first.state_dict().items()}


class WeightsInterpolation:
    """The generator whose tensors are those of `interpolated`.

    Network interpolation (Wang et al., ESRGAN, ECCVW 2018; DNI, CVPR 2019). The tensors are made anew for each clip,
    so that any number of points costs the memory of two generators and of one such set. No generator here gathers
    statistics of batches, which would have to be estimated again.

    Args:
        first: at alpha 0.
        second: at alpha 1, of the same architecture.
        alpha: from 0 to 1.
    """

    def __init__(self, first: Generator, second: Generator, alpha: float) -> None:
        self.first, self.second, self.alpha = first, second, alpha

    def __call__(self, lr: Tensor) -> Tensor:
        """LR (1, T, 3, h, w) to SR."""
        state = interpolated(self.first, self.second, self.alpha)
        # A tensor may have two names; each gets its own, equal one.
        sr: Tensor = functional_call(self.first, state, (lr,), tie_weights=False)
        return sr


class OutputsInterpolation:
    """Pictures ``(1 - alpha) first + alpha second`` of the SR of two generators, each clamped to [0, 1].

    Optimal between an MMSE and a perfectly perceptual estimator in the plane of MSE and W2 (Freirich, Michaeli and
    Meir, NeurIPS 2021). Both generators run once a clip, for all points together, and their SR of the clip at hand is
    kept; what lies between is made a few frames at a time.

    Args:
        first: at alpha 0; LR (1, T, 3, h, w) to SR.
        second: at alpha 1. A latent is drawn alike in both.
    """

    def __init__(self, first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor]) -> None:
        self._both = Measured(partial(_both, first, second))
        self._lr: Tensor | None = None
        self._sr: tuple[Tensor, Tensor] | None = None

    @property
    def costs(self) -> list[Cost]:
        """Of the two together, by clip; what a single point costs, too."""
        return self._both.costs

    def at(self, alpha: float, lr: Tensor) -> Frames:
        """The pictures of ``lr``, any number of ``alpha`` from 0 to 1 one after another."""
        if self._sr is None or lr is not self._lr:
            self._sr = None  # it is large, and the next is to come
            self._sr = self._both(lr)
            self._lr = lr
        return partial(_between, *self._sr, alpha)


def check_weights(first: Checkpoint, second: Checkpoint) -> None:
    """Raise `UserError` where tensors of the two cannot be interpolated, and warn where they had better not be."""
    kinds = [type(each.generator).__name__ for each in (first, second)]
    mismatch = state_mismatch(first.generator.state_dict(), second.generator.state_dict())
    if kinds[0] != kinds[1] or mismatch:
        difference = mismatch if kinds[0] == kinds[1] else " and ".join(kinds)
        raise UserError(
            f"{first.source} and {second.source} are of different architectures ({difference}); "
            "interpolate=outputs takes any two"
        )
    if not _trainings(first) & _trainings(second):
        log.warning(
            f"{second.source} does not say that it was trained from {first.source} (init_from={_init_from(second)}), "
            "nor both from the same weights: between trainings that have nothing in common, weights do not interpolate"
        )


def _trainings(checkpoint: Checkpoint) -> set[str]:
    """That which made it, and the one whose weights that began with."""
    return {run_of(source) for source in (checkpoint.source, _init_from(checkpoint)) if source}


def _init_from(checkpoint: Checkpoint) -> str | None:
    return (checkpoint.weights.config or {}).get("init_from")


def _both(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], lr: Tensor) -> tuple[Tensor, Tensor]:
    with torch.random.fork_rng(devices=[]):
        sr = first(lr)
    return sr, second(lr)


def _between(first: Tensor, second: Tensor, alpha: float, frames: Sequence[int]) -> Tensor:
    return torch.lerp(clamped(first, frames), clamped(second, frames), alpha)
