"""Weights from anywhere: a run, a checkpoint of ours, a published file, or the name of an asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from torch import Tensor

from vsr import assets
from vsr.checkpoint_name import checkpoint_file
from vsr.errors import UserError, nearest
from vsr.generators.generator import Generator
from vsr.generators.published import other_architecture, recognise, with_own_names
from vsr.generators.weights_file import read_record

StateDict = dict[str, Tensor]

CHECKPOINT_SCHEMA = 1  # of our own checkpoints; those without the key are of 1
RECORD = ("config", "generator_steps", "degradation", "training_seconds")
"""What is known of `Weights` beside the tensors."""

ANOTHER_GENERATOR = "choose the generator= they were trained with"


@dataclass(frozen=True)
class Weights:
    """A generator's weights and what is known of them.

    ``config`` is the whole configuration of the run that made them, or None for weights published by others;
    ``degradation`` the recipe of the LR that they were trained on and ``training_seconds`` how long that took, or None
    where that is not known.
    """

    source: str
    state_dict: StateDict
    config: dict[str, Any] | None = None
    generator_steps: int | None = None
    degradation: dict[str, Any] | None = None
    training_seconds: float | None = None


def read_weights(source: str) -> Weights:
    """Read the weights that ``source`` names: a run folder, a file, or an asset; averaged ones if it has them.

    Raises:
        UserError: nothing is there, it cannot be read, or it holds no generator.
    """
    path = checkpoint_file(source)
    if not path.is_file():
        if Path(source).expanduser().is_dir():
            raise UserError(f"{source}: no checkpoints/last.ckpt in this folder; name a run's folder or a checkpoint")
        if source in assets.ASSETS:
            return Weights(source, assets.state_dict(source), degradation=assets.ASSETS[source].degradation)
        generators = [name for name in assets.ASSETS if name.startswith("basicvsr")]
        raise UserError(f"{source}: no such file, run or asset.{nearest(source, generators)}")
    content = assets.read_tensor_file(path)
    if "state_dict" in content and "config" in content:
        return _own_checkpoint(source, content)
    if path.suffix == ".safetensors" and (record := read_record(path)):
        check_schema(source, record)
        return Weights(source, content, **{key: record.get(key) for key in RECORD})
    return Weights(source, _published_state(source, content), degradation=_published_degradation(path.name))


def load_generator(source: str) -> tuple[Generator, Weights]:
    """Rebuild the generator that ``source`` holds, from its own record or by recognising a published layout.

    Raises:
        UserError: as `read_weights`, or the architecture is not recognised.
    """
    weights = read_weights(source)
    config = weights.config["generator"] if weights.config else recognise(weights.state_dict)
    if config is None:
        raise UserError(f"{source}: weights of no architecture known here; a run of this project describes itself")
    generator: Generator = instantiate(without_weights(config))
    initialise(generator, weights)
    return generator.eval().requires_grad_(False), weights


def initialise(generator: Generator, weights: Weights, remedy: str = ANOTHER_GENERATOR) -> None:
    """Load ``weights`` into ``generator``, all of them or none.

    Args:
        generator: takes them.
        weights: of its own architecture.
        remedy: what a user may do where they are not.

    Raises:
        UserError: they belong to another architecture; says which tensors are missing, left over or of another shape.
    """
    mismatch = state_mismatch(generator.state_dict(), weights.state_dict)
    if mismatch:
        raise UserError(
            f"{weights.source}: these weights are of another architecture than this generator: {mismatch}; {remedy}"
        )
    generator.load_state_dict(weights.state_dict)


def check_schema(source: str, content: Mapping[str, Any]) -> None:
    """Raise `UserError` where ``content`` of our own file ``source`` is of a version yet to come."""
    schema = content.get("schema", 1)
    if not isinstance(schema, int) or schema > CHECKPOINT_SCHEMA:
        raise UserError(
            f"{source}: a checkpoint of version {schema}, this program reads up to {CHECKPOINT_SCHEMA}; update it"
        )


def state_mismatch(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """How the tensors of ``given`` differ from those of ``own`` in name and shape; empty where they do not."""
    missing, extra = own.keys() - given.keys(), given.keys() - own.keys()
    shapes = [name for name in own.keys() & given.keys() if own[name].shape != given[name].shape]
    kinds = (("missing", missing), ("left over", extra), ("of another shape", shapes))
    return ", ".join(f"{len(names)} tensors {what} (such as {min(names)})" for what, names in kinds if names)


def without_weights(node: Any) -> Any:
    """A generator's config with every ``weights`` emptied: a checkpoint fills them, no asset need be fetched."""
    if isinstance(node, Mapping):
        return {key: None if key == "weights" else without_weights(value) for key, value in node.items()}
    return node


def _published_state(source: str, content: Mapping[str, Any]) -> StateDict:
    """The state dict of a file by others: BasicSR's (``params``), mmagic's (``state_dict``) or bare tensors."""
    for key in ("params_ema", "params", "state_dict", None):
        tensors = content if key is None else content.get(key)
        if isinstance(tensors, Mapping) and tensors and all(isinstance(value, Tensor) for value in tensors.values()):
            break
    else:
        raise UserError(f"{source}: holds no generator weights (found keys {', '.join(list(content)[:5])})")
    state = with_own_names(tensors) if key == "state_dict" else dict(tensors)
    if other := other_architecture(state):
        raise UserError(f"{source}: weights of {other}, which is not built here; BasicVSR, BasicVSR++ and TecoGAN are")
    return state


def _published_degradation(file: str) -> dict[str, Any] | None:
    """Recipe of the LR that the weights in a published file were trained on, if its name is that of an asset."""
    known = (asset for asset in assets.ASSETS.values() if file in (original.file for original in asset.originals))
    return next((asset.degradation for asset in known), None)


def _own_checkpoint(source: str, content: Mapping[str, Any]) -> Weights:
    check_schema(source, content)
    if "ema" in content:
        state = dict(content["ema"]["generator"])
    else:
        prefix = "generator."
        state = {k.removeprefix(prefix): v for k, v in content["state_dict"].items() if k.startswith(prefix)}
    config, steps = dict(content["config"]), int(content["generator_steps"])
    return Weights(source, state, config, steps, content.get("degradation"), content.get("training_seconds"))
