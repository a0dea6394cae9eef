"""Where tables are printed."""

from __future__ import annotations

import os
import sys

from rich.console import Console

WIDE = 200  # columns of a file or a pipe, which rich takes for a terminal of 80


def terminal() -> Console:
    """Standard output, as wide as it is; a file or a pipe takes long lines, unless ``COLUMNS`` says otherwise."""
    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
