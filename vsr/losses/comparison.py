"""One batch as the loss terms see it: whatever several of them need is computed once, on first demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import torch
from torch import Tensor, nn

from vsr.discriminators import Judgement
from vsr.features import FrozenFeatures
from vsr.generators.latent import Latent
from vsr.motion.motion import Motion

FlowEstimator = Callable[[Tensor, Motion | None], Motion]
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
        self.exact_motion = motion
        self._motions: dict[FlowEstimator, Motion] = {}
        self._layers = dict(layers or {})
        self._discriminators = dict(discriminators or {})
        self._features: dict[FrozenFeatures, tuple[Features, Features]] = {}
        device = sr.device.type
        self._autocast = (device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device))

    def features(self, network: FrozenFeatures) -> tuple[Features, Features]:
        """Features of SR and of HR by layer name, float32.

        Each is ``(N, C', H', W')`` over all N = B*T frames, or ``(B, C', T', H', W')`` where the network reads clips.
        """
        if network not in self._features:
            network.to(self.sr.device)
            layers = self._layers[network]
            with self._networks():
                sr = network(_as_read(network, self.sr), layers)
                with torch.no_grad():
                    hr = network(_as_read(network, self.hr), layers)
            self._features[network] = (_float(sr), _float(hr))
        return self._features[network]

    def motion(self, estimator: FlowEstimator) -> Motion:
        """Flow and occlusion between neighbouring HR frames, by ``estimator``, without gradient."""
        if estimator not in self._motions:
            with self._networks(), torch.no_grad():
                self._motions[estimator] = estimator(self.hr, self.exact_motion)
        return self._motions[estimator]

    @cached_property
    def fake(self) -> Judgements:
        """What each discriminator says of SR, one `Judgement` a scale, with gradient to SR."""
        with self._networks():
            return {name: critic(self.sr) for name, critic in self._discriminators.items()}

    @cached_property
    def real(self) -> Judgements:
        """What each discriminator says of HR, without gradient."""
        with self._networks(), torch.no_grad():
            return {name: critic(self.hr) for name, critic in self._discriminators.items()}

    def _networks(self) -> torch.autocast:
        """The autocast that was on when the comparison was made; the loss stack itself switches it off."""
        device, dtype, enabled = self._autocast
        return torch.autocast(device, dtype=dtype, enabled=enabled)


def _as_read(network: FrozenFeatures, clips: Tensor) -> Tensor:
    return clips if network.reads == "clips" else clips.flatten(0, 1)


def _float(features: Features) -> Features:
    return {name: feature.float() for name, feature in features.items()}
