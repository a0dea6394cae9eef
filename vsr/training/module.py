"""The LightningModule: conducts generator, discriminators, losses and evaluation, and computes nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from lightning.pytorch.strategies import ParallelStrategy
from torch import Tensor, nn

from vsr.degradations.per_clip import Degradation
from vsr.degradations.recipe import Recipe
from vsr.discriminators import MultiScale
from vsr.generators import Generator
from vsr.generators.load import CHECKPOINT_SCHEMA
from vsr.inference.evaluator import Evaluator
from vsr.losses import LossStack, StackLoss
from vsr.losses.comparison import Comparison, Judgements
from vsr.training.balance import lead
from vsr.training.diagnosis import Diagnosis, gradient_norms, not_finite, shares
from vsr.training.ema import GeneratorEMA
from vsr.training.judging import discriminator_log, discriminator_losses, judge, penalties
from vsr.training.optimisation import Optimisation, frozen, gradient_norm
from vsr.training.optimised import OptimisedModule
from vsr.training.scene import Attempt, Scene

Part = TypeVar("Part", Scene, Attempt)


class VideoSuperResolution(OptimisedModule):
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
        super().__init__(generator, discriminators or {}, optimisation, evaluator)
        self.degradation = degradation
        self.losses = losses
        self.diagnosis = diagnosis or Diagnosis()
        self.skipped_steps = 0
        self.discriminator_steps = 0
        self.lr_recipe: Recipe | None = None  # of the LR that is trained on, where it is known; stored in checkpoints
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
        """Train on ``accumulate * B`` clips, a batch of `TrainingClips`."""
        self._gradient_norms = {}
        scene = Scene.of_batch(batch, self.degradation)
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
            losses |= {name: losses[name] + penalty for name, penalty in due.items()}
            with synchronised:
                self.manual_backward(torch.stack(list(losses.values())).sum() / len(attempts))
            logs.append(discriminator_log(real, fake, losses) | {f"train/r1_{n}": p.detach() for n, p in due.items()})
        log = {name: torch.stack([log[name] for log in logs]).mean() for name in logs[0]}
        losses = {f"discriminator {name}": log[f"train/loss_d_{name}"] for name in critics}
        if self._skips("discriminators", losses, optimiser):
            return
        self._log_once({name: log.pop(name).item() for name in list(log) if name.startswith("train/r1_")})
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

    def on_fit_start(self) -> None:
        """Continue the data where the checkpoint left it."""
        if self.ema:
            self.ema.generator.to(self.device)
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        if datamodule is not None:
            datamodule.start_batch = self.generator_steps

    # Checkpoints: a checkpoint describes itself.

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what rebuilds the generator and what continues the run."""
        checkpoint["schema"] = CHECKPOINT_SCHEMA
        checkpoint["config"] = self.config
        checkpoint["degradation"] = self.lr_recipe
        checkpoint["recipe"] = self.recipe
        checkpoint["generator_steps"] = self.generator_steps
        checkpoint["discriminator_steps"] = self.discriminator_steps
        checkpoint["skipped_steps"] = self.skipped_steps
        if self.ema:
            checkpoint["ema"] = self.ema.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up step count and moving average."""
        # Lightning takes what was the last batch for the last batch of the resumed run too, however much longer it is.
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False
        self.generator_steps = int(checkpoint["generator_steps"])
        self.discriminator_steps = int(checkpoint.get("discriminator_steps", self.generator_steps))
        self.skipped_steps = int(checkpoint.get("skipped_steps", 0))
        if self.ema and "ema" in checkpoint:
            self.ema.load_state_dict(checkpoint["ema"])
        elif self.ema:  # switched on when the run went on: it begins where the generator is
            prefix, state = "generator.", checkpoint["state_dict"]
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            self.ema.generator.load_state_dict(own)
