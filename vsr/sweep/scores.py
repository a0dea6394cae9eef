"""What the ``results.json`` in a job's folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from vsr.errors import UserError


class Scores(NamedTuple):
    """Means over the set by metric, and the hash of the configuration that they are of."""

    metrics: dict[str, float]
    config_hash: str


def scores(folder: Path) -> Scores | None:
    """Those of the job in ``folder``, None where there are none yet.

    Raises:
        UserError: the file is not what a run writes.
    """
    path = folder / "results.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Scores(dict(record["metrics"]), str(record["config_hash"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not what a run writes; delete it, and run the sweep again") from error


def has_scores(folder: Path, config_hash: str) -> bool:
    """Whether those of the job in ``folder`` are of the configuration with ``config_hash``."""
    found = scores(folder)
    return found is not None and found.config_hash == config_hash
