"""What a run says of its loss terms while it trains, and what it does when one breaks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vsr.errors import UserError, choose
from vsr.losses import StackLoss

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Diagnosis:
    """How closely the loss terms are watched.

    Args:
        gradient_norms_every: generator steps between measurements of the gradient that each weighted term sends into
            SR; 0 = never. A measurement costs about one more backward pass of the loss networks.
        non_finite: ``stop`` the run at a NaN or infinite term, or ``skip`` that step. Either way no optimiser sees it.

    Raises:
        UserError: another ``non_finite``, or a negative interval.
    """

    gradient_norms_every: int = 100
    non_finite: str = "stop"

    def __post_init__(self) -> None:
        choose("diagnosis.non_finite", self.non_finite, ("stop", "skip"))
        if self.gradient_norms_every < 0:
            raise UserError(f"diagnosis.gradient_norms_every={self.gradient_norms_every} must be at least 0")

    def measures_gradients(self, step: int) -> bool:
        """Whether generator step ``step``, counted from 0, is the last of an interval."""
        return bool(self.gradient_norms_every) and (step + 1) % self.gradient_norms_every == 0

    def act(self, complaint: str) -> None:
        """Stop the run, or warn of a step left out, as ``non_finite`` says.

        Raises:
            UserError: ``non_finite`` is ``stop``.
        """
        if self.non_finite == "stop":
            raise UserError(
                f"{complaint}, stopped before an optimiser saw it; lower its weight or the learning rate, train with "
                "trainer.precision=32-true, or leave such steps out with diagnosis.non_finite=skip"
            )
        log.warning(f"{complaint}; step skipped")


def not_finite(losses: Mapping[str, Tensor]) -> list[str]:
    """Names of the scalars in ``losses`` that are NaN or infinite."""
    if not losses or bool(torch.isfinite(torch.stack(list(losses.values()))).all()):
        return []  # one comparison, and so one wait for the device, where all is well
    return [name for name, value in losses.items() if not bool(torch.isfinite(value))]


def shares(loss: StackLoss) -> dict[str, float]:
    """|λᵢLᵢ| / Σⱼ|λⱼLⱼ| of each term, so that one sees at a glance which of them trains the generator."""
    weighted = {name: abs(loss.weights[name] * value.item()) for name, value in loss.unweighted.items()}
    total = sum(weighted.values()) or 1.0
    return {name: value / total for name, value in weighted.items()}


def gradient_norms(loss: StackLoss, sr: Tensor) -> dict[str, float]:
    """||∂(λᵢLᵢ)/∂SR||₂ of each term: what each really asks of the generator, which the loss values do not say.

    Args:
        loss: of which the graph is still there.
        sr: the SR that the loss was computed from (`Comparison.sr`).
    """
    norms = {}
    scale = 2.0**12  # a mean's gradient is so small that half precision, where networks run in it, would lose it
    for name, value in loss.unweighted.items():
        scaled = scale * loss.weights[name] * value
        (gradient,) = torch.autograd.grad(scaled, sr, retain_graph=True, allow_unused=True)
        norms[name] = 0.0 if gradient is None else gradient.norm().item() / scale
    return norms
