"""The LightningModule: conducts generator, discriminators, losses and evaluation, and computes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from lightning.pytorch.strategies import ParallelStrategy
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from vsr.discriminators import MultiScale
from vsr.generators import Generator
from vsr.inference.evaluator import Evaluator
from vsr.losses import LossStack, StackLoss
from vsr.losses.comparison import Comparison, Judgements
from vsr.motion.motion import Motion
from vsr.training.balance import lead
from vsr.training.diagnosis import Diagnosis, gradient_norms, not_finite, shares
from vsr.training.ema import GeneratorEMA
from vsr.training.judging import discriminator_log, discriminator_losses, judge, penalties
from vsr.training.optimisation import Optimisation, frozen, gradient_norm, options_of, parameters_of
from vsr.training.scene import Attempt, Scene
from vsr.training.scored import ScoredModule

Degradation = Callable[[Tensor], Tensor]
Part = TypeVar("Part", Scene, Attempt)


class VideoSuperResolution(ScoredModule):
    """One generator step and, with an adversarial term, one discriminator step a batch.

    Args:
        generator: LR ``(B, T, 3, h, w)`` to SR ``(B, T, 3, H, W)``.
        degradation: HR to LR, on the device.
        losses: the weighted loss stack.
        optimisation: optimisers, schedules, clipping, moving average.
        evaluator: scores a clip against its original and against bicubic.
        discriminators: by name; empty without an adversarial term.
        diagnosis: how closely the loss terms are watched.
        config: the resolved configuration, stored in every checkpoint so that it describes itself.
        recipe: the same with its interpolations, for a run that goes on with some keys changed.
    """

    def __init__(
        self,
        generator: Generator,
        degradation: Degradation,
        losses: LossStack,
        optimisation: Optimisation,
        evaluator: Evaluator,
        discriminators: Mapping[str, MultiScale] | None = None,
        diagnosis: Diagnosis | None = None,
        config: dict[str, Any] | None = None,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(evaluator)
        self.automatic_optimization = False
        self.generator = generator
        self.discriminators = nn.ModuleDict(dict(discriminators or {}))
        self.degradation = degradation
        self.losses = losses
        self.optimisation = optimisation
        self.diagnosis = diagnosis or Diagnosis()
        self.skipped_steps = 0
        self.discriminator_steps = 0
        self._gradient_norms: dict[str, Tensor] = {}
        self._options: list[list[dict[str, Any]]] = []
        self.config = config or {}
        self.recipe = recipe or {}
        # In a tuple, unseen by nn.Module: the average is neither trained, nor synchronised, nor in the state dict.
        decay = optimisation.ema_decay
        self._ema = (GeneratorEMA(generator, decay),) if decay is not None else ()

    @property
    def critics(self) -> dict[str, MultiScale]:
        """The discriminators by name."""
        return dict(self.discriminators.items())  # type: ignore[arg-type]  # a ModuleDict forgets of what kind

    @property
    def ema(self) -> GeneratorEMA | None:
        """The generator's moving average."""
        return self._ema[0] if self._ema else None

    @property
    def evaluated_generator(self) -> nn.Module:
        """The moving average where there is one."""
        return self.ema.generator if self.ema else self.generator

    # Training: each batch is one generator step, then discriminator steps on the same, detached, SR.

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Train on ``batch["hr"]``, uint8 ``(accumulate * B, T, 3, H, W)``."""
        self._gradient_norms = {}
        hr = batch["hr"].float() / 255
        scene = Scene(self.degradation(hr), hr, Motion.of_batch(batch))
        attempts = self._generator_step(list(scene.split(self.optimisation.accumulate)))
        if self.discriminators and attempts and self.optimisation.trains_discriminators(self.generator_steps):
            for _ in range(self.optimisation.discriminator_repeats):
                self._discriminator_step(attempts)
        self.log_dict(self._gradient_norms)
        self._step_schedules()
        self.generator_steps += 1
        self.log("step", float(self.generator_steps))  # the x-axis of every logger

    def _generator_step(self, scenes: list[Scene]) -> list[Attempt]:
        """One step on all scenes; what the discriminators may judge, nothing where the step was left out."""
        step, optimiser = self.generator_steps, self._optimisers[0]
        self._set_flow_trainable(step)
        optimiser.zero_grad()
        attempts: list[Attempt] = []
        losses: list[StackLoss] = []
        with frozen(self.discriminators):
            for scene, synchronised in self._parts(scenes):
                comparison = self._compare(scene)
                loss = self.losses(comparison, step)
                if not losses and self.diagnosis.measures_gradients(step):
                    self._log_gradients(loss, comparison.sr)
                with synchronised:
                    self.manual_backward(loss.total / len(scenes))
                losses.append(loss.detach())
                attempts.append(Attempt(comparison.sr.detach(), scene.hr, comparison.context))
            mean = StackLoss.mean(losses)
            if self._skips("generator", {f"loss term {name}": x for name, x in mean.unweighted.items()}, optimiser):
                return []
            self._log_loss(mean)
            stepped = self._step(optimiser)
        if self.ema and stepped:
            self.ema.update(self.generator)
        return attempts

    def _compare(self, scene: Scene) -> Comparison:
        """The scene super-resolved, ready for the loss terms."""
        lr, hr = scene.lr, scene.hr
        T, mirrors = lr.shape[1], self.losses.needs_mirrored_clip(self.generator_steps)
        if mirrors:
            # There and back, the last frame once.
            lr, hr = (torch.cat((clip, clip.flip(1)[:, 1:]), dim=1) for clip in (lr, hr))
        latent = None
        if self.losses.needs_latent:
            sr, latent = self.generator.draw_posterior(lr, hr)
        elif self.generator.has_latent:
            sr = self.generator.draw_prior(lr)
        else:
            sr = self.generator(lr)
        return self.losses.compare(
            sr[:, :T],
            scene.hr,
            scene.lr,
            self.generator_steps,
            self.critics,
            latent=latent,
            mirrored=sr[:, T:] if mirrors else None,
            motion=scene.motion,
        )

    def _parts(self, scenes: Sequence[Part]) -> Iterator[tuple[Part, AbstractContextManager]]:
        """Each part of a step with what its backward pass runs in: ranks exchange gradients in the last one only."""
        strategy = self.trainer.strategy
        for part in scenes[:-1]:
            yield part, strategy.block_backward_sync() if isinstance(strategy, ParallelStrategy) else nullcontext()
        yield scenes[-1], nullcontext()

    def _skips(self, whose: str, losses: dict[str, Tensor], optimiser: Any) -> bool:
        """Whether this step is left out, on all ranks or on none, because a loss or a gradient is not finite."""
        names = not_finite(losses)
        # Under a scaler an infinite gradient is the scaler's business: it leaves the step out and lowers its scale.
        if not names and self._scaler is None:
            names = not_finite({f"gradient of the {whose}": gradient_norm(optimiser)})
        if not self.trainer.strategy.reduce_boolean_decision(bool(names), all=False):
            return False
        culprit = ", ".join(names) or "a loss of another process"
        self.diagnosis.act(f"generator step {self.generator_steps}: {culprit} is not finite")
        self.skipped_steps += 1
        return True

    def _log_loss(self, loss: StackLoss) -> None:
        step = self.generator_steps
        self.log("train/loss", loss.total, prog_bar=True)
        self.log_dict({f"train/loss_{name}": value for name, value in loss.unweighted.items()})
        self.log_dict({f"train/weight_{name}": weight for name, weight in self.losses.weights(step).items()})
        self.log("train/lr", self._optimisers[0].param_groups[0]["lr"])
        self.log("train/skipped_steps", float(self.skipped_steps))
        if self._is_logged:
            self.log_dict({f"train/share_{name}": share for name, share in shares(loss).items()})

    def _log_gradients(self, loss: StackLoss, sr: Tensor) -> None:
        self._log_once({f"train/gradient_{name}": norm for name, norm in gradient_norms(loss, sr).items()})

    def _log_once(self, metrics: dict[str, float]) -> None:
        """Log what is not measured at every step: `log` would repeat it at each step until it is measured again."""
        for logger in self.loggers if metrics else ():
            logger.log_metrics(metrics, step=self.generator_steps + 1)

    @property
    def _is_logged(self) -> bool:
        """Whether the loggers take this step down."""
        return (self.generator_steps + 1) % self.trainer.log_every_n_steps == 0  # type: ignore[attr-defined]

    def _discriminator_step(self, attempts: list[Attempt]) -> None:
        adversarial, critics, optimiser = self.losses.adversarial, self.critics, self._optimisers[1]
        assert adversarial is not None
        optimiser.zero_grad()
        logs: list[dict[str, Tensor]] = []
        for attempt, synchronised in self._parts(attempts):
            real, fake = judge(critics, attempt)
            if not logs and self._discriminators_wait(real, fake):
                return
            losses = discriminator_losses(adversarial, real, fake)
            # Due by steps of the discriminators: with discriminator_every=2 generator steps might always miss it.
            due = penalties(adversarial, critics, attempt, self.discriminator_steps)
            self._log_once({f"train/r1_{name}": penalty.item() for name, penalty in due.items()})
            losses |= {name: losses[name] + penalty for name, penalty in due.items()}
            with synchronised:
                self.manual_backward(torch.stack(list(losses.values())).sum() / len(attempts))
            logs.append(discriminator_log(real, fake, losses))
        log = {name: torch.stack([log[name] for log in logs]).mean() for name in logs[0]}
        losses = {f"discriminator {name}": log[f"train/loss_d_{name}"] for name in critics}
        if self._skips("discriminators", losses, optimiser):
            return
        self.log_dict(log)
        self._step(optimiser)
        self.discriminator_steps += 1

    def _discriminators_wait(self, real: Judgements, fake: Judgements) -> bool:
        """Whether the rule says that the discriminators are too far ahead; all ranks decide alike."""
        rule = self.optimisation.discriminator_rule
        if rule is None:
            return False
        ahead = self.trainer.strategy.reduce(lead(real.values(), fake.values()), reduce_op="mean")
        waits = rule.skips(float(ahead))
        self.log_dict({"train/d_lead": ahead, "train/d_waits": float(waits)})
        return waits

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

    def on_fit_start(self) -> None:
        """Continue the data where the checkpoint left it."""
        if self.ema:
            self.ema.generator.to(self.device)
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if datamodule is not None:
            datamodule.start_batch = self.generator_steps

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

    # Checkpoints: a checkpoint describes itself.

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what rebuilds the generator and what continues the run."""
        checkpoint["config"] = self.config
        checkpoint["recipe"] = self.recipe
        checkpoint["generator_steps"] = self.generator_steps
        checkpoint["discriminator_steps"] = self.discriminator_steps
        if self.ema:
            checkpoint["ema"] = self.ema.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up step count and moving average."""
        # Lightning takes what was the last batch for the last batch of the resumed run too, however much longer it is.
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False
        self.generator_steps = int(checkpoint["generator_steps"])
        self.discriminator_steps = int(checkpoint.get("discriminator_steps", self.generator_steps))
        if self.ema and "ema" in checkpoint:
            self.ema.load_state_dict(checkpoint["ema"])
