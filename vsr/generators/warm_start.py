"""A generator that starts from weights it need not have made itself, and what of them it took."""

from __future__ import annotations

from collections.abc import Collection

from vsr.errors import UserError
from vsr.generators.generator import Generator
from vsr.generators.load import ANOTHER_GENERATOR, StateDict, Weights, initialise
from vsr.generators.stochastic import Stochastic
from vsr.generators.tensor_groups import tensor_groups


def warm_start(generator: Generator, weights: Weights, partial: bool = False) -> str:
    """Load ``weights`` into ``generator``; what was loaded and what was left, in words.

    Weights without a latent head go into the generator beneath the head, which itself stays at its start: that is not
    a partial load, for all weights find their place, and such weights have no head.

    Args:
        generator: the one to start.
        weights: of the same architecture.
        partial: load every tensor whose name and shape fit, rather than all or none.

    Raises:
        UserError: the weights belong to another architecture or, with ``partial``, not one of them fits.
    """
    steps = "" if weights.generator_steps is None else f", {weights.generator_steps} generator steps"
    target = _part_of(generator, weights.state_dict)
    if partial:
        report = _load_what_fits(target, weights, steps)
    else:
        initialise(target, weights, f"{ANOTHER_GENERATOR}, or load what fits with init_partial=true")
        report = f"{len(weights.state_dict)} tensors{steps}"
    return report if target is generator else f"{report}; the latent head starts from scratch"


def _part_of(generator: Generator, state: StateDict) -> Generator:
    """The part of ``generator`` that ``state`` is of."""
    if isinstance(generator, Stochastic) and not any(name.startswith("generator.") for name in state):
        return generator.generator
    return generator


def _load_what_fits(generator: Generator, weights: Weights, steps: str) -> str:
    own, given = generator.state_dict(), weights.state_dict
    fitting = {name: tensor for name, tensor in given.items() if name in own and tensor.shape == own[name].shape}
    if not fitting:
        raise UserError(
            f"{weights.source}: not one of its {len(given)} tensors fits this generator in name and shape; "
            f"{ANOTHER_GENERATOR}"
        )
    generator.load_state_dict(fitting, strict=False)
    parts = [f"{len(fitting)} of {len(own)} tensors{steps}"]
    for what, state in (("left at their start", own), ("of the file, without a place here", given)):
        rest = state.keys() - fitting.keys()
        if rest:
            parts.append(f"{what}: {_named(rest, state)}")
    return "; ".join(parts)


def _named(names: Collection[str], state: StateDict) -> str:
    return f"{', '.join(tensor_groups(names, state))} ({len(names)} tensors)"
