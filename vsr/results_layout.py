"""What those that write ``results.json`` and those that read it must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = 1
"""The newest layout: what is written, and the last that is understood."""

BICUBIC = "bicubic"
"""Name of the baseline."""


@dataclass(frozen=True)
class Curve:
    """A point's place on a one-parameter family that no training was needed for, such as an interpolation.

    Args:
        name: of the family, such as ``weights interpolation``.
        of: the checkpoints that it is made from.
        parameter: its name, such as ``alpha``.
        value: of the parameter.
    """

    name: str
    of: tuple[str, ...]
    parameter: str
    value: float

    @property
    def record(self) -> dict[str, Any]:
        """For ``results.json``."""
        return {"name": self.name, "of": list(self.of), "parameter": self.parameter, "value": self.value}
