"""Generators as ONNX can hold them: tensors in, tensors out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from vsr.generators import Generator


class Window(nn.Module):
    """A whole window at once: LR (1, T, 3, h, w) to SR (1, T, 3, H, W).

    Args:
        generator: any.
    """

    inputs, outputs = ("lr",), ("sr",)

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, lr: Tensor) -> tuple[Tensor]:
        """As the generator."""
        return (self.generator(lr),)


class Step(nn.Module):
    """The next frame of a stream: LR (1, 3, h, w) and the tensors of the state to SR (1, 3, H, W) and the next state.

    A stream begins with zeros for the state, which a causal generator must take for no past.

    Args:
        generator: a causal one.
        size: height and width of LR.
    """

    def __init__(self, generator: Generator, size: tuple[int, int]) -> None:
        super().__init__()
        self.generator = generator
        _, state = generator.step(torch.zeros(1, 3, *size))
        self._leaves, self._structure = pytree.tree_flatten(state)
        count = len(self.zeros())
        self.inputs = ("lr", *(f"state_{number}" for number in range(count)))
        self.outputs = ("sr", *(f"next_state_{number}" for number in range(count)))

    def zeros(self) -> list[Tensor]:
        """The state that begins a stream."""
        return [torch.zeros_like(leaf) for leaf in self._leaves if isinstance(leaf, Tensor)]

    def forward(self, lr: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """SR and the state after it."""
        given = iter(state)
        leaves = [next(given) if isinstance(leaf, Tensor) else leaf for leaf in self._leaves]
        sr, after = self.generator.step(lr, pytree.tree_unflatten(leaves, self._structure))
        following: list[Any] = pytree.tree_leaves(after)
        # Each a tensor of its own, also where the state is what was given or returned.
        return (sr, *(leaf.clone() for leaf in following if isinstance(leaf, Tensor)))
