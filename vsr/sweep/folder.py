"""The folder of a job: a name to read, and a hash of what is trained."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from vsr.checkpoint_name import checkpoint_file
from vsr.sweep.first_check import check_job
from vsr.sweep.plan import Plan, key_of

SCORING = ("metrics", "protocol")
"""Keys that say how a job is scored: where only they change, it is scored anew, not trained anew."""

LONGEST = 40  # characters of a value
HASH = 8  # digits


def job_folder(_root_: DictConfig) -> str:
    """OmegaConf resolver: the name of a job's folder, of the whole configuration.

    A job that the sweep's folder holds under another name, as where other keys were swept, keeps that one, unless it
    is swept over a key that is not in the hash.

    Raises:
        UserError: as `check_job`. Here, because it is the last point where an error ends the whole sweep: a sweeper
            takes one inside a job for the job's own.
    """
    plan = Plan.published()
    varied = plan.swept if plan else []
    typed = {key_of(override): override.partition("=")[2] for override in _root_.hydra.overrides.task}
    config = resolved(_root_)
    name = folder_name({key: value for key, value in typed.items() if key in varied}, config)
    if plan is None:
        return name
    check_job(config, plan.axes)
    return existing_folder(Path(plan.folder), name) if all(map(is_hashed, varied)) else name


def resolved(config: DictConfig) -> dict[str, Any]:
    """``config`` without Hydra's node, its interpolations resolved."""
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    content: dict[str, Any] = OmegaConf.to_container(own, resolve=True)  # type: ignore[assignment]
    return content


def folder_name(varied: Mapping[str, str], config: Mapping[str, Any]) -> str:
    """Such as ``adversarial_0.003-perceptual_0.1-1a2b3c4d``.

    Args:
        varied: what the job differs in from others: values as typed, by key.
        config: the job's, resolved.
    """
    short = _short_names(list(varied))
    parts = [f"{short[key]}_{_readable(value)}" for key, value in varied.items()]
    return "-".join([*parts, training_hash(config)])


def existing_folder(sweep: Path, name: str) -> str:
    """The name of the folder in that of a ``sweep`` that ends in the same hash as ``name``; ``name`` if none does."""
    named_otherwise = sorted(path.name for path in sweep.glob(f"*{name[-HASH:]}") if path.is_dir())
    return name if name in named_otherwise or not named_otherwise else named_otherwise[0]


def is_hashed(key: str) -> bool:
    """Whether jobs that differ in ``key`` differ in their hashes."""
    from vsr.inference.results import WHERE_AND_HOW  # here: it takes torch

    if key == "trainer":  # two choices may differ in nothing but the device
        return False
    node: Any = {**WHERE_AND_HOW, **dict.fromkeys(SCORING)}
    for part in re.split(r"[./]", key):
        if part not in node:
            return True
        node = node[part]
        if node is None:
            return False
    return True  # another generator or data set is another training


def training_hash(config: Mapping[str, Any]) -> str:
    """First 8 digits of a hash of what ``config`` trains: not how it is scored, and ``init_from`` by its content."""
    from vsr.inference.results import config_hash  # here: it takes torch, and jobs are refused before that is loaded

    what = {key: value for key, value in config.items() if key not in SCORING}
    return config_hash(what | {"init_from": _content(config.get("init_from"))})[:HASH]


def _short_names(keys: Sequence[str]) -> dict[str, str]:
    """Of ``loss.adversarial.weight`` ``adversarial``, of other keys the last part; the whole key where two meet."""
    short = {}
    for key in keys:
        found = re.fullmatch(r"loss\.(\w+)\.weight(\.value)?", key)
        short[key] = found[1] if found else re.split(r"[./]", key)[-1]
    names = list(short.values())
    return {key: name if names.count(name) == 1 else re.sub(r"\W", "_", key) for key, name in short.items()}


def _readable(value: str) -> str:
    """``value`` with few digits, and without what a shell, a file system or Hydra reads otherwise."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return re.sub(r"[^\w.+]+", "_", value)[:LONGEST].strip("_")


def _content(source: str | None) -> str | None:
    """The SHA-256 of the file that ``init_from`` means; of anything else, an asset's name or a mistake, itself."""
    if not source:
        return None
    path = checkpoint_file(source)
    return _digest(path, path.stat().st_mtime_ns) if path.is_file() else source


@lru_cache(maxsize=8)
def _digest(path: Path, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
