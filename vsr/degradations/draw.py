"""What the operations of `Camera` draw with. Everything comes from torch's global CPU generator, which training seeds
before each step, so that a resumed run degrades its clips as an uninterrupted one would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from vsr.errors import UserError, choose


@dataclass(frozen=True)
class Range:
    """A parameter is drawn uniformly from [``low``, ``high``] for the first frame of a clip, and drifts by up to
    ``step`` either way from frame to frame, within the range."""

    low: float
    high: float
    step: float = 0.0

    @classmethod
    def parse(cls, name: str, value: Sequence[float], lowest: float = 0.0, highest: float = inf) -> Range:
        """Of ``[low, high]`` or ``[low, high, step]``.

        Raises:
            UserError: it is neither, or leaves [``lowest``, ``highest``].
        """
        if not isinstance(value, Sequence) or len(value) not in (2, 3) or not all(map(_is_number, value)):
            raise UserError(f"{name}={value}: expected [low, high] or [low, high, step]")
        result = cls(*map(float, value))
        if not lowest <= result.low <= result.high <= highest or not 0 <= result.step < inf:
            raise UserError(f"{name}={list(value)}: expected {lowest:g} <= low <= high <= {highest:g} and step >= 0")
        return result

    def draw(self) -> float:
        """One number."""
        return self.low + (self.high - self.low) * float(torch.rand(()))

    def walk(self, frames: int, start: float | None = None) -> Tensor:
        """One number a frame: (frames,) float32 on the CPU, from ``start`` or a drawn one."""
        values = [self.draw() if start is None else start]
        for change in (self.step * (2 * torch.rand(frames - 1) - 1)).tolist():
            values.append(min(max(values[-1] + change, self.low), self.high))
        return torch.tensor(values)


def happens(probability: float) -> bool:
    """True with ``probability``."""
    return bool(torch.rand(()) < probability)


def pick(weights: Mapping[str, float]) -> str:
    """A key, with a probability proportional to its weight."""
    return list(weights)[int(torch.multinomial(torch.tensor(list(weights.values())), 1))]


def generator_on(device: torch.device) -> torch.Generator:
    """A generator for whole fields of noise, drawn where they are used; its seed is drawn on the CPU."""
    return torch.Generator(device).manual_seed(int(torch.randint(2**62, ())))


def check_probability(name: str, value: float) -> float:
    """``value``, or `UserError` if it is no probability."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise UserError(f"{name}={value!r}: expected a probability from 0 to 1")
    return float(value)


def check_weights(name: str, weights: Mapping[str, float], valid: Sequence[str]) -> dict[str, float]:
    """``weights`` for `pick`, or `UserError` if a key is not ``valid``, a weight negative, or all are zero."""
    for key in weights:
        choose(name, str(key), valid)
    if not all(_is_number(weight) and 0 <= weight < inf for weight in weights.values()) or not any(weights.values()):
        raise UserError(f"{name}={dict(weights)}: expected weights of at least 0, and one above")
    return {key: float(weight) for key, weight in weights.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
