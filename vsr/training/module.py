"""The LightningModule: conducts generator, discriminators, losses and evaluation, and computes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from vsr.generators import Generator
from vsr.inference.evaluator import ClipResult, Evaluator
from vsr.losses import LossStack, StackLoss
from vsr.losses.comparison import Judgements
from vsr.motion.motion import Motion
from vsr.training.diagnosis import Diagnosis, gradient_norms, not_finite, shares
from vsr.training.ema import GeneratorEMA
from vsr.training.optimisation import Optimisation, frozen

Degradation = Callable[[Tensor], Tensor]


class VideoSuperResolution(L.LightningModule):
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
        discriminators: Mapping[str, nn.Module] | None = None,
        diagnosis: Diagnosis | None = None,
        config: dict[str, Any] | None = None,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator = generator
        self.discriminators = nn.ModuleDict(dict(discriminators or {}))
        self.degradation = degradation
        self.losses = losses
        self.optimisation = optimisation
        self.evaluator = evaluator
        self.diagnosis = diagnosis or Diagnosis()
        self.skipped_steps = 0
        self.config = config or {}
        self.recipe = recipe or {}
        self.generator_steps = 0
        self.results: list[ClipResult] = []
        self.validated_at: int | None = None
        # In a tuple, unseen by nn.Module: the average is neither trained, nor synchronised, nor in the state dict.
        decay = optimisation.ema_decay
        self._ema = (GeneratorEMA(generator, decay),) if decay is not None else ()

    @property
    def ema(self) -> GeneratorEMA | None:
        """The generator's moving average."""
        return self._ema[0] if self._ema else None

    @property
    def evaluated_generator(self) -> nn.Module:
        """What is validated, exported and scored: the moving average where there is one."""
        return self.ema.generator if self.ema else self.generator

    # Training: each batch is one generator step, then one discriminator step on the same, detached, SR.

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Train on ``batch["hr"]``, uint8 ``(B, T, 3, H, W)``."""
        hr = batch["hr"].float() / 255
        lr = self.degradation(hr)
        sr = self._generator_step(lr, hr, exact_motion(batch))
        if self.discriminators and sr is not None:
            self._discriminator_step(sr, hr)
        self._step_schedules()
        self.generator_steps += 1
        self.log("step", float(self.generator_steps))  # the x-axis of every logger

    def _generator_step(self, lr: Tensor, hr: Tensor, motion: Motion | None) -> Tensor | None:
        """SR, detached, for the discriminators; None where the step was left out."""
        step = self.generator_steps
        self._set_flow_trainable(not self.optimisation.flow_is_frozen(step))
        sr, mirrored = self._super_resolve(lr)
        with frozen(self.discriminators):
            critics = dict(self.discriminators.items())
            comparison = self.losses.compare(sr, hr, lr, step, critics, mirrored=mirrored, motion=motion)
            loss = self.losses(comparison, step)
            if self._skips(loss.unweighted, "loss term"):
                return None
            self._log_loss(loss, comparison.sr)
            stepped = self._optimise(self._optimisers[0], loss.total)
        if self.ema and stepped:
            self.ema.update(self.generator)
        return sr.detach()

    def _skips(self, losses: dict[str, Tensor], of: str) -> bool:
        """Whether this step is left out, on all ranks or on none, because a loss is not finite."""
        names = not_finite(losses)
        if not self.trainer.strategy.reduce_boolean_decision(bool(names), all=False):
            return False
        culprit = ", ".join(names) or "of another process"
        self.diagnosis.act(f"generator step {self.generator_steps}: {of} {culprit} is not finite")
        self.skipped_steps += 1
        return True

    def _log_loss(self, loss: StackLoss, sr: Tensor) -> None:
        step = self.generator_steps
        self.log("train/loss", loss.total.detach(), prog_bar=True)
        self.log_dict({f"train/loss_{name}": value.detach() for name, value in loss.unweighted.items()})
        self.log_dict({f"train/weight_{name}": weight for name, weight in self.losses.weights(step).items()})
        self.log("train/lr", self._optimisers[0].param_groups[0]["lr"])
        self.log("train/skipped_steps", float(self.skipped_steps))
        if (step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self.log_dict({f"train/share_{name}": share for name, share in shares(loss).items()})
        if self.diagnosis.measures_gradients(step):
            self._log_once({f"train/gradient_{name}": norm for name, norm in gradient_norms(loss, sr).items()})

    def _log_once(self, metrics: dict[str, float]) -> None:
        """Log what is not measured at every step: `log` would repeat it at each step until it is measured again."""
        for logger in self.loggers:
            logger.log_metrics(metrics, step=self.generator_steps + 1)

    def _super_resolve(self, lr: Tensor) -> tuple[Tensor, Tensor | None]:
        """SR of the clip and, where a loss term asks for it, of its way back (`Comparison.mirrored`)."""
        if not self.losses.needs_mirrored_clip:
            return self.generator(lr), None
        there_and_back = self.generator(torch.cat((lr, lr.flip(1)[:, 1:]), dim=1))
        return there_and_back[:, : lr.shape[1]], there_and_back[:, lr.shape[1] :]

    def _discriminator_step(self, sr: Tensor, hr: Tensor) -> None:
        adversarial = self.losses.adversarial
        assert adversarial is not None
        real: Judgements = {name: critic(hr) for name, critic in self.discriminators.items()}
        fake: Judgements = {name: critic(sr) for name, critic in self.discriminators.items()}
        losses = {name: adversarial.discriminator_loss(real[name], fake[name]) for name in real}
        for name, critic in self.discriminators.items():
            penalty = adversarial.penalty(critic, hr, self.generator_steps)
            if penalty is not None:
                losses[name] = losses[name] + penalty
                self._log_once({f"train/r1_{name}": penalty.item()})
        if self._skips(losses, "discriminator"):
            return
        self._optimise(self._optimisers[1], torch.stack(list(losses.values())).sum())
        for name, loss in losses.items():
            self.log(f"train/loss_d_{name}", loss.detach())
            self.log(f"train/d_real_{name}", _mean_logit(real[name]))
            self.log(f"train/d_fake_{name}", _mean_logit(fake[name]))

    @property
    def _optimisers(self) -> list[Any]:
        optimisers = self.optimizers()
        return list(optimisers) if isinstance(optimisers, list) else [optimisers]

    def _optimise(self, optimiser: Any, loss: Tensor) -> bool:
        """One step; False where a gradient scaler left it out because a gradient overflowed."""
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        scale = scaler.get_scale() if scaler else 0.0
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()
        return not scaler or scaler.get_scale() >= scale

    def _set_flow_trainable(self, trainable: bool) -> None:
        for parameter in self.generator.flow_parameters():
            parameter.requires_grad_(trainable)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here and not before ``step()``: only here has a gradient scaler already unscaled."""
        if self.optimisation.clip_grad_norm is not None:
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.optimisation.clip_grad_norm)

    @property
    def _schedulers(self) -> list[Any]:
        schedulers = self.lr_schedulers()
        return list(schedulers) if isinstance(schedulers, list) else [schedulers] if schedulers else []

    def _step_schedules(self) -> None:
        for scheduler in self._schedulers:
            scheduler.step()

    def configure_optimizers(self) -> Any:
        """The generator's optimiser, then the discriminators' where there are any, with their schedules."""
        optimisers = [self.optimisation.generator_optimiser(self.generator)]
        if self.discriminators:
            optimisers.append(self.optimisation.discriminator_optimiser(self.discriminators))
        return optimisers, self.optimisation.schedules(optimisers)

    # Validation: whole clips, scored one by one; every rank scores its share.

    def on_fit_start(self) -> None:
        """Continue the data where the checkpoint left it."""
        if self.ema:
            self.ema.generator.to(self.device)
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if datamodule is not None:
            datamodule.start_batch = self.generator_steps

    def on_train_start(self) -> None:
        """Set the learning rate of a resumed run that is longer than it was by its new schedule."""
        for scheduler in self._schedulers:
            if isinstance(scheduler, LambdaLR):
                factors = zip(scheduler.optimizer.param_groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True)
                for group, initial, factor in factors:
                    group["lr"] = initial * factor(scheduler.last_epoch)

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self.results = []
        if self.ema:
            self.ema.generator.to(self.device)

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        """Score the clip ``batch["hr"]``, uint8 ``(T, 3, H, W)``."""
        self.results.append(self.evaluator(self.evaluated_generator, batch))

    def on_validation_epoch_end(self) -> None:
        """Mean over the clips of all ranks."""
        self.results = gather(self.results)
        self.validated_at = self.generator_steps
        self.log("step", float(self.generator_steps))
        for name, value in self.evaluator.mean(self.results).items():
            self.log(f"val/{name}", value, prog_bar=name in ("psnr_y", "lpips"))

    # Checkpoints: a checkpoint describes itself.

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what rebuilds the generator and what continues the run."""
        checkpoint["config"] = self.config
        checkpoint["recipe"] = self.recipe
        checkpoint["generator_steps"] = self.generator_steps
        if self.ema:
            checkpoint["ema"] = self.ema.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up step count and moving average."""
        # Lightning takes what was the last batch for the last batch of the resumed run too, however much longer it is.
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False
        self.generator_steps = int(checkpoint["generator_steps"])
        if self.ema and "ema" in checkpoint:
            self.ema.load_state_dict(checkpoint["ema"])


def gather(results: list[ClipResult]) -> list[ClipResult]:
    """The results of all ranks, each clip once, in order of name; just ``results`` in a single process."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return results
    shares: list[list[ClipResult]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(shares, results)
    by_name = {result.name: result for share in shares for result in share}
    return [by_name[name] for name in sorted(by_name)]


def exact_motion(batch: dict[str, Any]) -> Motion | None:
    """The motion of ``batch["hr"]`` where the data know it, as synthetic scenes do."""
    if "flow_to_next" not in batch:
        return None
    return Motion(*(batch[field] for field in Motion._fields))


def _mean_logit(judgements: list[Any]) -> Tensor:
    return torch.stack([judgement.logits.detach().float().mean() for judgement in judgements]).mean()
