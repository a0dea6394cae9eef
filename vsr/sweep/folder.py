"""The folder of a job: a name to read, and a hash of what is trained."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from vsr.sweep.plan import Plan

SCORING = ("metrics", "protocol")
"""Keys that say how a job is scored: where only they change, it is scored anew, not trained anew."""

LONGEST = 40  # characters of a value


def job_folder(_root_: DictConfig) -> str:
    """OmegaConf resolver: the name of a job's folder, of the whole configuration."""
    plan = Plan.published()
    varied = set(plan.swept) if plan else set()
    values = dict(override.lstrip("+~").split("=", 1) for override in _root_.hydra.overrides.task if "=" in override)
    return folder_name({key: values[key] for key in values if key in varied}, resolved(_root_))


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


def training_hash(config: Mapping[str, Any]) -> str:
    """First 8 digits of a hash of what ``config`` trains: not how it is scored, and ``init_from`` by its content."""
    from vsr.inference.results import config_hash  # here: it takes torch, and jobs are refused before that is loaded

    what = {key: value for key, value in config.items() if key not in SCORING}
    return config_hash(what | {"init_from": _content(config.get("init_from"))})[:8]


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
    path = Path(source).expanduser()
    path = path / "checkpoints" / "last.ckpt" if path.is_dir() else path
    return _digest(path, path.stat().st_mtime_ns) if path.is_file() else source


@lru_cache(maxsize=8)
def _digest(path: Path, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
