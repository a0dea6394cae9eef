"""λ as a function of the generator step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from vsr.errors import UserError, nearest


@dataclass(frozen=True)
class Schedule:
    """λ(s) = 0 before ``start``, then value · (s − start + 1) / ramp until it reaches ``value``, then constant.

    Args:
        value: the weight in the end; 0 means that the term is never built.
        start: first generator step at which the weight is not 0.
        ramp: generator steps over which it rises linearly; 0 or 1 = at once.
    """

    value: float
    start: int = 0
    ramp: int = 0

    def __call__(self, step: int) -> float:
        """The weight at generator step ``step``, counted from 0."""
        if step < self.start:
            return 0.0
        return self.value * min(1.0, (step - self.start + 1) / max(self.ramp, 1))

    @classmethod
    def parse(cls, name: str, node: Any) -> Schedule:
        """Read a weight from a config: a number, or a mapping with the fields of this class.

        Raises:
            UserError: neither of the two, an unknown field, or a negative number.
        """
        if isinstance(node, Mapping):
            valid = [field.name for field in fields(cls)]
            for key in node:
                if key not in valid:
                    raise UserError(f"loss.{name}.weight.{key} is not known.{nearest(str(key), valid)}")
            if "value" not in node:
                raise UserError(f"loss.{name}.weight needs a value: {{value: 0.01, start: 1000, ramp: 500}}")
            values = dict(node)
        else:
            values = {"value": node}
        for key, number in values.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not number >= 0:
                raise UserError(f"loss.{name}.weight: {key} must be a number of at least 0, not {number!r}")
        return cls(**values)
