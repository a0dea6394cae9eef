"""What steers a generator from outside: a latent, or the point of the frontier that is asked for."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Modulation(NamedTuple):
    """Scale and shift of the features that SR is reconstructed from: x ← x · (1 + scale) + shift.

    Spatial feature transform (Wang et al., CVPR 2018, eq. 3) of the generator's last features at LR resolution; each
    is ``(B, T, generator.channels, h, w)``, and zeros change nothing.
    """

    scale: Tensor
    shift: Tensor

    def frames(self, index: int | slice) -> Modulation:
        """That of some frames; with a number, that of one, without the dimension T."""
        return Modulation(self.scale[:, index], self.shift[:, index])

    def __call__(self, features: Tensor) -> Tensor:
        """``features``, modulated; of the shape of ``scale``."""
        return features * (1 + self.scale) + self.shift
