"""Learning rate of a training in phases, as a function of the generator step alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from vsr.errors import UserError, nearest

KEY = "optimizer.schedule.phases"


@dataclass(frozen=True)
class Phase:
    """ratio · 2^−n after n of its halvings, from generator step ``start`` on.

    Args:
        start: first generator step.
        ratio: of the optimiser's own learning rate.
        halve_at: generator steps, counted from ``start``, from which on the rate is half of what it was.

    Raises:
        UserError: a negative number.
    """

    start: int
    ratio: float = 1.0
    halve_at: Sequence[int] = ()

    def __post_init__(self) -> None:
        if min(self.start, self.ratio, *self.halve_at) < 0:
            raise UserError(f"{KEY}: start, ratio and halve_at must be at least 0 in {self}")

    def __call__(self, step: int) -> float:
        """The ratio at generator step ``step``, counted from the start of the run."""
        return self.ratio * 0.5 ** sum(step - self.start >= halving for halving in self.halve_at)


def phased_schedule(optimizer: Optimizer, phases: Sequence[Mapping[str, Any]]) -> LambdaLR:
    """lr(s) = lr₀ · phase(s), by the last of ``phases`` in their order that has started.

    So a second phase that is given ``start: 0`` is the only one, whatever the first one says.

    Args:
        optimizer: whose groups keep their own lr₀.
        phases: fields of `Phase`, the first with ``start: 0``.

    Raises:
        UserError: no phase, a field that is not known or missing, or no phase from step 0 on.
    """
    parsed = [_parse(phase) for phase in phases]
    if not parsed or parsed[0].start != 0:
        raise UserError(f"{KEY}: the first phase must have start: 0")

    def factor(step: int) -> float:
        return [phase for phase in parsed if phase.start <= step][-1](step)

    return LambdaLR(optimizer, factor)


def _parse(node: Mapping[str, Any]) -> Phase:
    valid = [field.name for field in fields(Phase)]
    for key in node:
        if key not in valid:
            raise UserError(f"{KEY}: {key} is not known.{nearest(str(key), valid)}")
    if "start" not in node:
        raise UserError(f"{KEY}: a phase needs its start, e.g. {{start: 300000, ratio: 0.5}}")
    return Phase(**{str(key): value for key, value in node.items()})
