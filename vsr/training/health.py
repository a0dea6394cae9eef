"""Warns of runs that go wrong without stopping."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from vsr.training.speed import is_logged

log = logging.getLogger(__name__)

Window = Mapping[str, float]
"""Means of logged numbers, by key, over a window of generator steps."""


@dataclass(frozen=True)
class Limits:
    """Beyond which a run is not healthy; see `Health`."""

    won: float
    blind: float
    share: float
    ema: float
    data: float


class Health(Callback):
    """Says once of each kind what is wrong with a run and what to try, judging by means over a window.

    Args:
        window: generator steps that a judgement is based on; of them, the log steps are seen.
        won: discriminator's loss below which it has won: it no longer teaches the generator anything.
        blind: distance of its mean logits on real and on fake below which it cannot tell them apart.
        share: of the weighted loss, above which a term dominates the others.
        ema: relative distance ||θ_ema − θ|| / ||θ|| above which the average is another network than the one trained.
        data: share of a step's time spent waiting for its batch above which the data starve the device.
    """

    def __init__(
        self,
        window: int = 300,
        won: float = 0.01,
        blind: float = 1e-3,
        share: float = 0.95,
        ema: float = 0.1,
        data: float = 0.3,
    ) -> None:
        self.window = window
        self.limits = Limits(won, blind, share, ema, data)
        self._logged: dict[str, deque[float]] = {}
        self._said: set[str] = set()

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Judge, at log steps."""
        if not is_logged(trainer, pl_module):
            return
        numbers = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
        if (ema := getattr(pl_module, "ema", None)) is not None:
            numbers["train/ema_distance"] = distance(ema.generator, pl_module.generator)  # type: ignore[arg-type]
            pl_module.log("train/ema_distance", numbers["train/ema_distance"])
        seen = max(1, self.window // int(trainer.log_every_n_steps))  # type: ignore[attr-defined]
        for name, value in numbers.items():
            self._logged.setdefault(name, deque(maxlen=seen)).append(value)
        if trainer.is_global_zero:
            self._warn({name: fmean(values) for name, values in self._logged.items() if len(values) == seen})

    def _warn(self, means: Window) -> None:
        for kind, judge in CHECKS.items():
            for warning in judge(means, self.limits) if kind not in self._said else ():
                self._said.add(kind)
                log.warning(f"health: {warning}")


def distance(averaged: nn.Module, raw: nn.Module) -> float:
    """||θ_averaged − θ_raw|| / ||θ_raw|| over the parameters that are trained: frozen ones would only dilute it."""
    both = zip(averaged.parameters(), raw.parameters(), strict=True)
    pairs = [(mine.detach(), other.detach()) for mine, other in both if other.requires_grad]
    if not pairs:
        return 0.0
    ours, theirs = zip(*pairs, strict=True)
    norms = [torch.stack(torch._foreach_norm(t)).norm() for t in (torch._foreach_sub(ours, theirs), theirs)]
    return float(norms[0] / norms[1])


def discriminators_won(means: Window, limits: Limits) -> Iterator[str]:
    """Discriminators whose loss is next to nothing."""
    for name, loss in _named("train/loss_d_", means):
        if loss < limits.won:
            yield (
                f"discriminator {name} has won, its loss is {loss:.2g}: its gradients teach the generator little. "
                "Try loss.adversarial.r1_weight=10, a lower optimizer.discriminator.lr, or "
                "optimizer.discriminator_rule={_target_: vsr.training.SkipWhileWinning}"
            )


def discriminators_blind(means: Window, limits: Limits) -> Iterator[str]:
    """Discriminators that say the same of real and fake."""
    for name, real in _named("train/d_real_", means):
        if abs(real - means[f"train/d_fake_{name}"]) < limits.blind:
            yield (
                f"discriminator {name} cannot tell HR from SR, its mean logits are equal: its gradients are noise. "
                "Try a higher optimizer.discriminator.lr, a lower loss.adversarial.r1_weight, or more "
                f"discriminator.{name}.discriminator.channels"
            )


def term_dominates(means: Window, limits: Limits) -> Iterator[str]:
    """A term that is nearly all of the loss, where there are others, with the λ that would make it half."""
    shares = dict(_named("train/share_", means))
    for name, share in shares.items():
        weight = means.get(f"train/weight_{name}", 0.0)
        if len(shares) > 1 and limits.share < share < 1 and weight:
            balanced = weight * (1 - share) / share
            yield (
                f"loss {name} is {share:.0%} of the weighted loss: the other terms hardly count. At "
                f"loss.{name}.weight={balanced:.2g} it would be half"
            )


def average_strays(means: Window, limits: Limits) -> Iterator[str]:
    """A moving average that is another network than the one trained."""
    apart = means.get("train/ema_distance", 0.0)
    if apart > limits.ema:
        yield (
            f"the moving average, which is what is validated, is {apart:.0%} of its norm away from the generator that "
            "is trained. Try a lower optimizer.ema_decay or a lower optimizer.generator.lr"
        )


def data_starve(means: Window, limits: Limits) -> Iterator[str]:
    """A device that waits for its batches."""
    waiting = means.get("train/data_seconds", 0.0) / means.get("train/step_seconds", 1.0)
    if waiting > limits.data:
        yield (
            f"{waiting:.0%} of a step's time is spent waiting for data. Try more data.workers, or prepare the data "
            "once with python -m vsr.data.prepare and read them with data=store"
        )


CHECKS: dict[str, Callable[[Window, Limits], Iterator[str]]] = {
    "discriminators won": discriminators_won,
    "discriminators blind": discriminators_blind,
    "term dominates": term_dominates,
    "average strays": average_strays,
    "data starve": data_starve,
}


def _named(prefix: str, means: Window) -> Iterator[tuple[str, float]]:
    """The numbers whose key begins with ``prefix``, by the rest of it."""
    return ((name.removeprefix(prefix), value) for name, value in means.items() if name.startswith(prefix))
