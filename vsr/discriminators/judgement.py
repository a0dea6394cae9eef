"""What a discriminator says of its input."""

from typing import NamedTuple

from torch import Tensor


class Judgement(NamedTuple):
    """Raw patch logits (no sigmoid) and the activations before them, shallow to deep, for feature matching."""

    logits: Tensor
    features: list[Tensor]
