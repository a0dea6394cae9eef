"""Which parameters an optimiser gets, at what learning rate, and when."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.training.balance import SkipWhileWinning

Made = TypeVar("Made")
LEAST = {
    "flow_lr_factor": 0,
    "flow_frozen_steps": 0,
    "accumulate": 1,
    "discriminator_start": 0,
    "discriminator_every": 1,
    "discriminator_repeats": 1,
}


@dataclass(frozen=True)
class Optimisation:
    """How generator and discriminators are optimised. Every number of steps counts generator steps.

    Args:
        generator: makes the generator's optimiser from parameter groups.
        discriminator: makes the discriminators' optimiser, one for all of them.
        schedule: makes the learning-rate schedule of an optimiser; None keeps it constant.
        flow_lr_factor: learning rate of the generator's flow network over that of the rest.
        flow_frozen_steps: steps during which the flow network is not trained at all.
        clip_grad_norm: largest gradient norm of each optimiser's parameters; None = no clipping.
        accumulate: parts that a step's clips are computed in, one after the other, so that they fit into memory; a
            step sees ``accumulate`` times ``data.batch_size`` clips.
        discriminator_start: first generator step at which the discriminators are trained.
        discriminator_every: generator steps from one discriminator step to the next.
        discriminator_repeats: discriminator steps on the batch of a generator step.
        discriminator_rule: leaves a discriminator step out while the discriminators win; None = never.
        ema_decay: of the generator's moving average, which is what gets validated and scored; None = no average.

    Raises:
        UserError: a number outside its range.
    """

    generator: Callable[..., Optimizer]
    discriminator: Callable[..., Optimizer]
    schedule: Callable[[Optimizer], LRScheduler] | None = None
    flow_lr_factor: float = 1.0
    flow_frozen_steps: int = 0
    clip_grad_norm: float | None = None
    accumulate: int = 1
    discriminator_start: int = 0
    discriminator_every: int = 1
    discriminator_repeats: int = 1
    discriminator_rule: SkipWhileWinning | None = None
    ema_decay: float | None = 0.999

    def __post_init__(self) -> None:
        for key, least in LEAST.items():
            if getattr(self, key) < least:
                raise UserError(f"optimizer.{key}={getattr(self, key)} must be at least {least}")
        if self.clip_grad_norm is not None and self.clip_grad_norm <= 0:
            raise UserError(f"optimizer.clip_grad_norm={self.clip_grad_norm} must be above 0, or null for no clipping")
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise UserError(f"optimizer.ema_decay={self.ema_decay} must be from 0 to below 1, or null for no average")

    def generator_optimiser(self, generator: Generator, fused: bool = False) -> Optimizer:
        """One group for the flow network, at its own learning rate, and one for the rest."""
        flow = generator.flow_parameters()
        own = {id(parameter) for parameter in flow}
        rest = [parameter for parameter in generator.parameters() if id(parameter) not in own]
        groups = [{"params": rest}] + ([{"params": flow}] if flow else [])
        optimiser = _make("generator", _fused(self.generator, fused), groups)
        for group in optimiser.param_groups[1:]:
            group["lr"] *= self.flow_lr_factor
        return optimiser

    def discriminator_optimiser(self, discriminators: nn.Module, fused: bool = False) -> Optimizer:
        """All discriminators' parameters in one optimiser."""
        return _make("discriminator", _fused(self.discriminator, fused), discriminators.parameters())

    def trains_discriminators(self, step: int) -> bool:
        """Whether the discriminators are trained at generator step ``step``, counted from 0."""
        return step >= self.discriminator_start and (step + 1) % self.discriminator_every == 0

    def schedules(self, optimisers: Iterable[Optimizer]) -> list[LRScheduler]:
        """One learning-rate schedule an optimiser, or none."""
        if self.schedule is None:
            return []
        return [_make("schedule", self.schedule, optimiser) for optimiser in optimisers]

    def flow_is_frozen(self, generator: Generator, step: int) -> bool:
        """Whether the flow network of ``generator`` stands still at generator step ``step``."""
        waits = generator.flow_is_pretrained and step < self.flow_frozen_steps
        return waits or self.flow_lr_factor == 0


def _fused(factory: Callable[..., Made], fused: bool) -> Callable[..., Made]:
    """The optimiser in a single kernel where it has one and nothing was said of it."""
    given = factory.keywords if isinstance(factory, partial) else {}
    known = inspect.signature(factory).parameters
    if fused and "fused" in known and not {"fused", "foreach"} & given.keys():
        return partial(factory, fused=True)
    return factory


def _make(key: str, factory: Callable[..., Made], argument: Any) -> Made:
    """``factory(argument)``; options that it refuses, such as a negative learning rate, are the user's to mend."""
    try:
        return factory(argument)
    except (TypeError, ValueError) as error:
        raise UserError(f"optimizer.{key}: {error}") from error


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Within: gradients pass through ``module`` but not into its parameters, and spectral norm makes no iteration."""
    trained, training = [parameter for parameter in module.parameters() if parameter.requires_grad], module.training
    module.eval()
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
        module.train(training)


def parameters_of(optimiser: Optimizer) -> list[nn.Parameter]:
    """All parameters that an optimiser steps."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def gradient_norm(optimiser: Optimizer) -> Tensor:
    """L2 norm of the gradients of all its parameters together."""
    return nn.utils.get_total_norm([p.grad for p in parameters_of(optimiser) if p.grad is not None])


def options_of(optimiser: Optimizer) -> list[dict[str, Any]]:
    """Learning rate, betas and the like of each group."""
    return [{key: value for key, value in group.items() if key != "params"} for group in optimiser.param_groups]
