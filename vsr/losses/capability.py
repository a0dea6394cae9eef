"""What some terms ask of the generator."""

from __future__ import annotations

import inspect
from typing import Literal

from vsr import generators
from vsr.errors import UserError
from vsr.generators import Generator


def require(generator: Generator, capability: Literal["has_latent", "causal"], demand: str) -> None:
    """Raise `UserError` unless ``generator`` has ``capability``, naming the generators that have it.

    Args:
        generator: the one chosen.
        capability: attribute of `Generator`.
        demand: what is asked, beginning with the term: ``loss.kl needs a generator with a latent``.
    """
    if getattr(generator, capability):
        return
    able = [name for name, kind in inspect.getmembers(generators, _is_generator) if getattr(kind, capability)]
    known = f"choose one of {', '.join(able)}" if able else "there is none yet"
    term = demand.split()[0]
    raise UserError(f"{demand}, and {type(generator).__name__} is not one: {known}, or set {term}.weight=0")


def _is_generator(member: object) -> bool:
    return inspect.isclass(member) and issubclass(member, Generator)
