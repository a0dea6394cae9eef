"""What the commands without Hydra share: an unknown option ends in one clear line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from vsr.errors import UserError, nearest


def refuse_unknown(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> None:
    """Raise `UserError` naming the first of ``unknown``, which ``parser`` did not take, and the nearest option."""
    if unknown:
        name = unknown[0].partition("=")[0]
        options = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
        raise UserError(f"{name} is no option.{nearest(name, options)}")
