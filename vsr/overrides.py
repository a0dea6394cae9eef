"""Text as Hydra's command line takes it."""

from __future__ import annotations

import re
from pathlib import Path

_PLAIN_PATH = re.compile(r"[\w./-]*/[\w./-]*", re.ASCII)  # with a slash it is neither null nor a number


def quoted(text: str | Path) -> str:
    """``text`` as the value of an override, whatever characters are in it; a plain path needs no quotes."""
    text = str(text)
    if _PLAIN_PATH.fullmatch(text):
        return text
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # nor is it an interpolation
    text = re.sub(r"(\\+)(?='|\Z)", r"\1\1", text).replace("'", r"\'")  # backslashes elsewhere stay as they are
    return f"'{text}'"
