"""One batch as the loss terms see it: whatever several of them need is computed once, on first demand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import cast

import torch
from torch import Tensor, nn

from vsr.discriminators import Context, Judgement, MultiScale
from vsr.features import FrozenFeatures
from vsr.generators.latent import Latent
from vsr.motion.motion import Motion
from vsr.motion.shared import FlowEstimator, SharedMotion, current_autocast

Features = dict[str, Tensor]
Judgements = dict[str, list[Judgement]]


class Comparison:
    """Compares super-resolved clips with their high-resolution originals.

    Each frozen network runs once on SR (with gradient) and once on HR (without), for the union of the layers that
    the terms of a stack declared; each discriminator likewise. Networks run under the autocast of the caller;
    whatever they return is float32, so that distances are taken in full precision.

    Args:
        sr: super-resolved clips ``(B, T, 3, H, W)``, nominally in [0, 1].
        hr: originals, same shape, in [0, 1].
        lr: the input of the generator, ``(B, T, 3, h, w)``.
        layers: per frozen network, the layers that any term asks for.
        discriminators: the critics by name; empty where no adversarial term is on.
        latent: what the generator drew its randomness from; None for a deterministic one.
        mirrored: SR of the clip's way back, frames T-2 … 0, ``(B, T-1, 3, H, W)``, where a term asked for it.
        motion: the motion of HR, where the data know it exactly.

    Raises:
        ValueError: ``sr`` and ``hr`` differ in shape.
    """

    def __init__(
        self,
        sr: Tensor,
        hr: Tensor,
        lr: Tensor,
        layers: Mapping[FrozenFeatures, tuple[str, ...]] | None = None,
        discriminators: Mapping[str, nn.Module] | None = None,
        latent: Latent | None = None,
        mirrored: Tensor | None = None,
        motion: Motion | None = None,
    ) -> None:
        if sr.shape != hr.shape:
            raise ValueError(f"SR {tuple(sr.shape)} and HR {tuple(hr.shape)} differ in shape")
        self.sr = sr.float()
        self.hr = hr.detach().float()
        self.lr = lr.float()
        self.latent = latent
        self.mirrored = mirrored.float() if mirrored is not None else None
        self.context = Context(self.lr.detach(), SharedMotion(self.hr, motion))
        self._layers = dict(layers or {})
        self._discriminators = dict(discriminators or {})
        self._sr_features: dict[FrozenFeatures, Features] = {}
        self._hr_features: dict[FrozenFeatures, Features] = {}
        # The loss stack itself switches the autocast off that was on when the comparison was made.
        self._networks = current_autocast(sr.device.type)

    @property
    def discriminator_weights(self) -> dict[str, float]:
        """What each discriminator's verdict weighs among those of all."""
        return {name: cast(MultiScale, critic).loss_weight for name, critic in self._discriminators.items()}

    def sr_features(self, network: FrozenFeatures) -> Features:
        """Features of SR by layer name, float32, with gradient.

        Each is ``(N, C', H', W')`` over all N = B*T frames, or ``(B, C', T', H', W')`` where the network reads clips.
        """
        if network not in self._sr_features:
            self._sr_features[network] = self._run(network, self.sr)
        return self._sr_features[network]

    def hr_features(self, network: FrozenFeatures) -> Features:
        """Features of HR, as `sr_features`, without gradient."""
        if network not in self._hr_features:
            with torch.no_grad():
                self._hr_features[network] = self._run(network, self.hr)
        return self._hr_features[network]

    def _run(self, network: FrozenFeatures, clips: Tensor) -> Features:
        video = clips.flatten(0, 1) if network.reads == "frames" else clips
        with self._networks():
            features = network(video, self._layers[network])
        return {layer: feature.float() for layer, feature in features.items()}

    def motion(self, estimator: FlowEstimator) -> Motion:
        """Flow and occlusion between neighbouring HR frames, by ``estimator``, without gradient."""
        return self.context.motion(estimator)

    @cached_property
    def fake(self) -> Judgements:
        """What each discriminator says of SR, one `Judgement` a scale, with gradient to SR."""
        with self._networks():
            return {name: critic(self.sr, self.context) for name, critic in self._discriminators.items()}

    @cached_property
    def real(self) -> Judgements:
        """What each discriminator says of HR, without gradient."""
        with self._networks(), torch.no_grad():
            return {name: critic(self.hr, self.context) for name, critic in self._discriminators.items()}
