"""Going on with a run: which checkpoint, under which configuration, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from torch import nn

from vsr.assets.tensor_file import read_tensor_file
from vsr.errors import UserError
from vsr.generators.load import check_schema, state_mismatch


def find_checkpoint(resume: str | None, output_dir: Path) -> tuple[str, dict[str, Any]] | None:
    """Path and content of the checkpoint to go on from; None where there is none to.

    Raises:
        UserError: it is named but not there, cannot be read, or is no checkpoint of a run.
    """
    if not resume:
        return None
    path = output_dir / "checkpoints" / "last.ckpt" if resume == "auto" else Path(resume).expanduser()
    if not path.is_file():
        if resume == "auto" and not others_than(path):
            return None
        raise UserError(f"{path}: no such checkpoint; {_remedy(path)}")
    try:
        content = read_tensor_file(path)
    except UserError as error:
        raise UserError(f"{error}; {_remedy(path)}") from error
    if "generator_steps" not in content or "recipe" not in content:
        raise UserError(
            f"resume={resume}: not the checkpoint of a run; to start from its weights use init_from={resume}"
        )
    check_schema(str(path), content)
    return str(path.resolve()), content


def others_than(path: Path) -> list[Path]:
    """The other checkpoints in the folder of ``path``, the latest first."""
    found = [other for other in path.parent.glob("*.ckpt") if other != path]
    return sorted(found, key=lambda other: other.stat().st_mtime, reverse=True)


def _remedy(path: Path) -> str:
    others = others_than(path)
    if not others:
        return "name a file, or resume=auto with output_dir=DIR"
    names = ", ".join(other.name for other in others)
    # The folder above is the run's, so it goes on in place.
    return f"go on from another one there ({names}): resume={others[0]} output_dir={path.parent.parent}"


def validation_is_pending(checkpoint: dict[str, Any], val_every: int, max_steps: int) -> bool:
    """Whether the run has still to be validated at the step of ``checkpoint``: it was cut off before the end of the
    validation due there, or no step is left and only its scores are wanted."""
    steps = checkpoint["generator_steps"]
    is_due = steps % min(val_every, max_steps) == 0 and checkpoint.get("validated_at") != steps
    return is_due or steps >= max_steps


def resumed_config(cfg: DictConfig, checkpoint: dict[str, Any], overrides: Sequence[str]) -> DictConfig:
    """The configuration of the run in ``checkpoint``, with what ``overrides`` say put on top.

    Defaults of ``cfg`` that nobody typed do not count: ``resume=auto output_dir=DIR`` alone goes on with the same run.
    λ schedules keep their steps when ``trainer.max_steps`` is raised; the learning rate's follows the new length.

    Args:
        cfg: as composed from the command line.
        checkpoint: content of the checkpoint.
        overrides: the command line, as Hydra has it.
    """
    config = OmegaConf.create(checkpoint["recipe"])
    config.loss = checkpoint["config"]["loss"]
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.key_or_group
        if not _has(cfg, key):
            continue  # a group, whose choice is in the recipe
        if key == "pixel_steps" and cfg.pixel_steps != OmegaConf.select(config, key):
            raise UserError(
                "pixel_steps cannot change when a run goes on: its loss schedules are fixed; start the second phase "
                "with init_from=RUN pixel_steps=0 instead"
            )
        OmegaConf.update(config, key, _node(cfg, key), merge=False)
    config.output_dir, config.resume = cfg.output_dir, cfg.resume
    return config


def changed_keys(before: Any, after: Any, prefix: str = "") -> Iterator[str]:
    """Keys whose values differ between two resolved configurations."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield prefix.rstrip(".")
        return
    for key in sorted(before.keys() | after.keys()):
        yield from changed_keys(before.get(key), after.get(key), f"{prefix}{key}.")


def check_fits(module: nn.Module, path: str, checkpoint: dict[str, Any]) -> None:
    """Raise `UserError` where ``checkpoint`` holds other networks than ``module``, before anything is written."""
    mismatch = state_mismatch(module.state_dict(), checkpoint["state_dict"])
    if mismatch:
        raise UserError(
            f"{path}: its networks are not those of this configuration: {mismatch}; "
            "leave out what changes generator, discriminator or loss, or use init_from= to start a new run from it"
        )


def _has(cfg: DictConfig, key: str) -> bool:
    """Whether ``cfg`` has ``key``, be its value null."""
    absent = object()
    parent, _, name = key.rpartition(".")
    holder = OmegaConf.select(cfg, parent, default=absent) if parent else cfg
    return OmegaConf.is_dict(holder) and name in holder


def _node(cfg: DictConfig, key: str) -> Any:
    """The value at ``key`` as written, interpolations unresolved."""
    parent, _, name = key.rpartition(".")
    holder = OmegaConf.select(cfg, parent) if parent else cfg
    container: Any = OmegaConf.to_container(holder, resolve=False)
    return container[name]
