"""Which points of a one-parameter family of generators are asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from vsr.errors import UserError

_DIGITS = 10  # of a value: beyond are only errors of rounding, as in 3 * 0.1


def numbers(key: str, given: Any, most: float = math.inf) -> list[float]:
    """The numbers that ``given`` names, each once: a list of them, one alone, or ``start:stop:step`` with both ends.

    Args:
        key: of the config.
        given: its value.
        most: greatest that is allowed; 0 is the least.

    Raises:
        UserError: it names none, or one that is not allowed.
    """
    listed = _steps(given) if isinstance(given, str) else given if isinstance(given, Sequence) else [given]
    allowed = f"between 0 and {most:g}" if most < math.inf else "from 0 on"
    if not listed or not all(_is_number(value) and 0 <= value <= most for value in listed):
        raise UserError(f"{key}={given}: expected numbers {allowed}, as [0,0.5,1], or start:stop:step, as 0:1:0.1")
    return list(dict.fromkeys(round(float(value), _DIGITS) for value in listed))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _steps(text: str) -> list[float]:
    """Those of ``start:stop:step``; none where ``text`` is not of that form."""
    try:
        start, stop, step = (float(part) for part in text.split(":"))
        return [start + number * step for number in range(math.floor((stop - start) / step + 1e-6) + 1)]
    except (ValueError, ZeroDivisionError, OverflowError):
        return []
