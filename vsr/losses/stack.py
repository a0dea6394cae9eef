"""The weighted sum of loss terms, Σ λᵢ·Lᵢ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from vsr.errors import UserError
from vsr.features import FrozenFeatures
from vsr.losses.adversarial import AdversarialLoss
from vsr.losses.comparison import Comparison
from vsr.losses.schedule import Schedule
from vsr.losses.term import LossTerm

if TYPE_CHECKING:
    from vsr.generators import Generator


@dataclass(frozen=True)
class StackLoss:
    """What a `LossStack` returns: the weighted ``total``, each term before its weight, and the weights."""

    total: Tensor
    unweighted: dict[str, Tensor]
    weights: dict[str, float]

    def detach(self) -> StackLoss:
        """The same numbers without their graph."""
        unweighted = {name: value.detach() for name, value in self.unweighted.items()}
        return StackLoss(self.total.detach(), unweighted, self.weights)

    @staticmethod
    def mean(losses: Sequence[StackLoss]) -> StackLoss:
        """The mean over equal parts of a step."""
        unweighted = {
            name: torch.stack([loss.unweighted[name] for loss in losses]).mean() for name in losses[0].unweighted
        }
        return StackLoss(torch.stack([loss.total for loss in losses]).mean(), unweighted, losses[0].weights)


class LossStack:
    """L(SR, HR) = Σ λᵢ(step) · Lᵢ(SR, HR) over named terms.

    A term whose weight is 0 at a step does not run at that step, nor do the networks only it would use.
    Not an ``nn.Module``: the frozen networks that terms read are no part of a checkpoint, of DDP or of ``.train()``.

    Args:
        terms: the terms by name.
        schedules: λ of each term; the names are those of ``terms``.
    """

    def __init__(self, terms: Mapping[str, LossTerm], schedules: Mapping[str, Schedule]) -> None:
        if not terms:
            raise UserError(
                "every loss weight is 0: nothing to train with; set at least one, e.g. loss.pixel.weight=1"
            )
        self.terms = dict(terms)
        self.schedules = {name: schedules[name] for name in terms}

    @property
    def adversarial(self) -> AdversarialLoss | None:
        """The term that needs discriminators, if it is part of the stack."""
        return next((term for term in self.terms.values() if isinstance(term, AdversarialLoss)), None)

    def check_generator(self, generator: Generator) -> None:
        """Raise `UserError` before training where a term cannot work with ``generator``."""
        for term in self.terms.values():
            term.check_generator(generator)

    def weights(self, step: int) -> dict[str, float]:
        """λ of each term at generator step ``step``."""
        return {name: schedule(step) for name, schedule in self.schedules.items()}

    def needs_mirrored_clip(self, step: int) -> bool:
        """Whether a term that is on at generator step ``step`` compares the clip with its way back."""
        return any(self.terms[name].needs_mirrored_clip for name, weight in self.weights(step).items() if weight)

    @property
    def needs_latent(self) -> bool:
        """Whether a term compares the generator's posterior with its prior."""
        return any(term.needs_latent for term in self.terms.values())

    def compare(
        self,
        sr: Tensor,
        hr: Tensor,
        lr: Tensor,
        step: int,
        discriminators: Mapping[str, nn.Module] | None = None,
        **known: Any,
    ) -> Comparison:
        """A `Comparison` that knows what the terms that are on at generator step ``step`` will ask for.

        ``known``: further keywords of `Comparison`.
        """
        active = [term for name, term in self.terms.items() if self.schedules[name](step)]
        return Comparison(sr, hr, lr, _union_of_layers(active), discriminators, **known)

    def __call__(self, comparison: Comparison, step: int) -> StackLoss:
        """Run the terms that are on at generator step ``step``, in float32, and sum them by their weights."""
        weights = {name: weight for name, weight in self.weights(step).items() if weight}
        with torch.autocast(comparison.sr.device.type, enabled=False):
            unweighted = {name: self.terms[name](comparison) for name in weights}
        # Where every term is still off, `sr * 0` keeps the graph, so that a step is a step.
        weighted = [weights[name] * value for name, value in unweighted.items()] or [comparison.sr.sum() * 0.0]
        total = torch.stack(weighted).sum()
        return StackLoss(total, unweighted, weights)


def _union_of_layers(terms: Iterable[LossTerm]) -> dict[FrozenFeatures, tuple[str, ...]]:
    wanted: dict[FrozenFeatures, list[str]] = {}
    for term in terms:
        for network, layers in term.feature_layers().items():
            wanted.setdefault(network, []).extend(layers)
    return {network: tuple(dict.fromkeys(layers)) for network, layers in wanted.items()}
