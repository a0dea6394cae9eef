"""Errors that the person at the keyboard can mend, in one line, and the nearest valid name for a misspelt one."""

import difflib
import re
from collections.abc import Iterable


class UserError(RuntimeError):
    """Bad input: names the thing and the remedy. The commands print it in one line and exit with 1."""


def one_line(what: object) -> str:
    """The text of ``what``, an error say, with its line breaks made spaces."""
    return re.sub(r"\s*\n\s*", " ", str(what)).strip()


def nearest(name: str, valid: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` plus the valid names, to end a message about an unknown ``name`` with."""
    options = sorted(str(option) for option in valid)
    close = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    guess = f" Did you mean '{close[0]}'?" if close else ""
    return f"{guess} Valid: {', '.join(options)}."


def choose(what: str, name: str, valid: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``valid``; raise `UserError` naming the nearest one if not."""
    options = list(valid)
    if name not in options:
        raise UserError(f"{what}={name!r} is not known.{nearest(name, options)}")
    return name
