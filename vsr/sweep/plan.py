"""What one launch of a sweep is about, told to its jobs wherever they run."""

from __future__ import annotations

import json
import math
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from vsr.sweep.command import own_command

VARIABLE = "VSR_SWEEP"
_ONE = str | Enum | None  # direction, where a sweeper searches for the best of one metric, or does not search


@dataclass(frozen=True)
class Plan:
    """One launch of a sweep.

    Args:
        folder: of the sweep, absolute.
        launch: tells this launch from others in the same folder.
        command: what a job's command line begins with.
        swept: keys that differ between jobs, in the order of the command line.
        jobs: how many there will be; None where only the sweeper knows.
        one_by_one: whether a job begins when the one before it has ended.
        axes: metrics of the frontier's axes by ``x``, ``y`` and ``z``; empty where none is wanted, or where nobody
            asked for one and the metrics lack one of the default.
        objectives: metric that a searching sweeper judges by, or metrics where it searches for several.
        loggers: configurations of the loggers that are on, by name.
    """

    folder: str
    launch: str
    command: list[str]
    swept: list[str]
    jobs: int | None
    one_by_one: bool
    axes: dict[str, str]
    objectives: str | list[str]
    loggers: dict[str, Any]

    @classmethod
    def of(cls, config: DictConfig) -> Plan:
        """The plan of the sweep that ``config``, with Hydra's node, describes."""
        hydra = config.hydra
        choices = _choices(hydra.sweeper.get("params") or {}, hydra.overrides.task)
        searches = not isinstance(hydra.sweeper.get("direction"), _ONE)
        axes = _axes(config, searches)
        loggers = OmegaConf.to_container(config.get("logger") or OmegaConf.create(), resolve=True)
        return cls(
            folder=str(Path(hydra.sweep.dir).resolve()),
            launch=uuid.uuid4().hex[:8],
            command=own_command(sys.argv),
            swept=list(dict.fromkeys(key_of(override) for override in choices)),
            jobs=_jobs(choices, hydra.sweeper),
            one_by_one=hydra.launcher._target_.endswith(".BasicLauncher"),
            axes=axes,
            objectives=list(axes.values()) if searches else "psnr_y",
            loggers=loggers,  # type: ignore[arg-type]
        )

    @classmethod
    def published(cls) -> Plan | None:
        """The plan of the launch that this process belongs to, None if it belongs to none."""
        text = os.environ.get(VARIABLE)
        return cls(**json.loads(text)) if text else None

    def publish(self) -> None:
        """Tell it to this process and those that it starts. joblib's workers and SLURM's jobs inherit what is set."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @staticmethod
    def withdraw() -> None:
        """Take it back."""
        os.environ.pop(VARIABLE, None)


def key_of(override: str) -> str:
    """The key or group that ``override``, as typed, sets or adds."""
    return override.lstrip("+~").split("=", 1)[0]


def _axes(config: DictConfig, searches: bool) -> dict[str, str]:
    wanted: Mapping[str, Any] = config.get("frontier") or {}
    axes = {name: str(wanted[name]) for name in ("x", "y", "z") if wanted.get(name)}
    typed = any(key_of(override).split(".")[0] == "frontier" for override in config.hydra.overrides.task)
    asked_for = typed or searches or config.hydra.runtime.choices.get("sweep")
    return axes if asked_for or set(axes.values()) <= set(config.get("metrics") or []) else {}


def _choices(params: Mapping[str, Any], typed: Sequence[str]) -> dict[str, int | None]:
    """Keys with several values and how many, None where they are a range; of one key the last word counts.

    As in Hydra, ``++seed`` and ``seed`` are two keys: one does not take the place of the other.
    """
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    found: dict[str, int | None] = {}
    for override in parser.parse_overrides([*(f"{key}={value}" for key, value in params.items()), *typed]):
        found.pop(override.get_key_element(), None)
        if override.is_sweep_override():
            discrete = override.is_discrete_sweep()
            found[override.get_key_element()] = len(list(override.sweep_string_iterator())) if discrete else None
    return found


def _jobs(choices: Mapping[str, int | None], sweeper: DictConfig) -> int | None:
    trials = sweeper.get("n_trials")
    if trials is not None and "GridSampler" in str((sweeper.get("sampler") or {}).get("_target_")):
        return None  # Optuna's grid ends before, where it has fewer points
    if trials is not None:
        return int(trials)
    counts = [count for count in choices.values() if count is not None]
    return math.prod(counts) if len(counts) == len(choices) else None
