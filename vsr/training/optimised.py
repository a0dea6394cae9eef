"""The optimisers' side of the module: what is stepped, by how much, and what of it goes on when a run does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from vsr.discriminators import MultiScale
from vsr.generators import Generator
from vsr.inference.evaluator import Evaluator
from vsr.training.optimisation import Optimisation, gradient_norm, options_of, parameters_of
from vsr.training.scored import ScoredModule


class OptimisedModule(ScoredModule):
    """A module of one generator and any number of discriminators, with an optimiser for it and one for them.

    Args:
        generator: is stepped by the first optimiser.
        discriminators: by name; are stepped by the second one.
        optimisation: optimisers, schedules, clipping.
        evaluator: see `ScoredModule`.
    """

    def __init__(
        self,
        generator: Generator,
        discriminators: Mapping[str, MultiScale],
        optimisation: Optimisation,
        evaluator: Evaluator,
    ) -> None:
        super().__init__(evaluator)
        self.automatic_optimization = False
        self.generator = generator
        self.discriminators = nn.ModuleDict(dict(discriminators))
        self.optimisation = optimisation
        self._gradient_norms: dict[str, Tensor] = {}
        self._options: list[list[dict[str, Any]]] = []

    @property
    def _is_logged(self) -> bool:
        """Whether the loggers take this step down."""
        return (self.generator_steps + 1) % self.trainer.log_every_n_steps == 0  # type: ignore[attr-defined]

    @property
    def _optimisers(self) -> list[Any]:
        optimisers = self.optimizers()
        return list(optimisers) if isinstance(optimisers, list) else [optimisers]

    def _step(self, optimiser: Any) -> bool:
        """One step; False where a gradient scaler left it out because a gradient overflowed.

        There is one scaler for both optimisers, and a step may change its scale: between the first backward pass for
        an optimiser and its step the other one must not step.
        """
        scale = self._scaler.get_scale() if self._scaler else 0.0
        optimiser.step()
        return not self._scaler or self._scaler.get_scale() >= scale

    @property
    def _scaler(self) -> Any:
        """The gradient scaler of half precision, None where there is none."""
        return getattr(self.trainer.precision_plugin, "scaler", None)

    def _set_flow_trainable(self, step: int) -> None:
        trainable = not self.optimisation.flow_is_frozen(self.generator, step)
        for parameter in self.generator.flow_parameters():
            parameter.requires_grad_(trainable)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here and not before ``step()``: only here has a gradient scaler already unscaled."""
        limit = self.optimisation.clip_grad_norm
        if limit is None and not self._is_logged:
            return
        norm = gradient_norm(optimizer)
        if limit is not None:
            nn.utils.clip_grads_with_norm_(parameters_of(optimizer), limit, norm)
        which = "generator" if optimizer is self._optimisers[0].optimizer else "discriminators"
        # Not logged from here: in a process's first step Lightning would drop what `training_step` has logged so far.
        self._gradient_norms[f"train/gradient_norm_{which}"] = norm

    @property
    def _schedulers(self) -> list[Any]:
        schedulers = self.lr_schedulers()
        return list(schedulers) if isinstance(schedulers, list) else [schedulers] if schedulers else []

    def _step_schedules(self) -> None:
        for scheduler in self._schedulers:
            scheduler.step()

    def configure_optimizers(self) -> Any:
        """The generator's optimiser, then the discriminators' where there are any, with their schedules."""
        # A fused optimiser unscales gradients itself, after `on_before_optimizer_step` has clipped them.
        fused = self.device.type == "cuda" and self._scaler is None
        optimisers = [self.optimisation.generator_optimiser(self.generator, fused)]
        if self.discriminators:
            optimisers.append(self.optimisation.discriminator_optimiser(self.discriminators, fused))
        schedules = self.optimisation.schedules(optimisers)
        self._options = [options_of(optimiser) for optimiser in optimisers]
        return optimisers, schedules

    def on_train_start(self) -> None:
        """Give a resumed run the options it was resumed with: a checkpoint of the optimisers restores the old ones."""
        for optimiser, options in zip(self._optimisers, self._options, strict=True):
            for group, own in zip(optimiser.param_groups, options, strict=True):
                group.update(own)
        for scheduler in self._schedulers:
            if isinstance(scheduler, LambdaLR):
                scheduler.base_lrs = [group["initial_lr"] for group in scheduler.optimizer.param_groups]
                for group, factor in zip(scheduler.optimizer.param_groups, scheduler.lr_lambdas, strict=True):
                    group["lr"] = group["initial_lr"] * factor(scheduler.last_epoch)
