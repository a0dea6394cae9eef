"""Exponential moving average of the generator."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class GeneratorEMA:
    """θ_ema ← d·θ_ema + (1 − d)·θ after each generator step, d = min(decay, (1 + n)/(10 + n)) at the n-th update.

    The warm-up lets short runs profit too. The average is a second generator of its own, so validation needs no swap
    of weights and a checkpoint saved during validation cannot hold the wrong ones. Buffers are copied, not averaged.
    Lightning's ``EMAWeightAveraging`` counts optimiser steps of generator and discriminator alike and averages
    the discriminator too, so it is not used.

    Args:
        generator: the network to follow.
        decay: d in the long run; 0.999 is what GAN recipes of the field use (ESRGAN, RealBasicVSR).
    """

    def __init__(self, generator: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.updates = 0
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, generator: nn.Module) -> None:
        """Follow ``generator`` by one step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averaged: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(averaged, list[Tensor](generator.parameters()), 1 - decay)
        for kept, buffer in zip(self.generator.buffers(), generator.buffers(), strict=True):
            kept.copy_(buffer)
        self.updates += 1

    def state_dict(self) -> dict[str, int | dict[str, Tensor]]:
        """The averaged weights and the number of updates behind them."""
        return {"updates": self.updates, "generator": self.generator.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Take up a state made by `state_dict`."""
        self.updates = int(state["updates"])
        self.generator.load_state_dict(state["generator"])
