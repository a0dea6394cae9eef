"""What every loss term is: a function of a `Comparison` that returns one scalar, unweighted and mean-reduced."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

if TYPE_CHECKING:
    from vsr.features import FrozenFeatures
    from vsr.generators import Generator
    from vsr.losses.comparison import Comparison


class LossTerm(ABC):
    """One term of the loss stack. It holds no trained parameter and knows nothing of its own weight λ."""

    needs_discriminators: ClassVar[bool] = False
    """Whether the term reads what discriminators say (`Comparison.fake`, `Comparison.real`)."""
    needs_mirrored_clip: ClassVar[bool] = False
    """Whether the generator must also super-resolve the clip's way back (`Comparison.mirrored`)."""

    needs_latent: ClassVar[bool] = False
    """Whether the term reads the generator's latent (`Comparison.latent`)."""

    @abstractmethod
    def __call__(self, comparison: Comparison) -> Tensor:
        """The unweighted loss of ``comparison``: a float32 scalar, differentiable in SR."""

    def feature_layers(self) -> dict[FrozenFeatures, tuple[str, ...]]:
        """The layers of each frozen network that the term will ask the comparison for."""
        return {}

    def check_generator(self, generator: Generator) -> None:  # noqa: B027 - most terms work with any
        """Raise `UserError` before training where the term cannot work with ``generator``."""
