"""One job of a sweep: done where it is not done yet, gone on with where it was cut off."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from vsr.errors import UserError
from vsr.sweep import gpu
from vsr.sweep.claim import claimed
from vsr.sweep.command import own_command, quoted, run
from vsr.sweep.folder import SCORING, resolved
from vsr.sweep.journal import Entry, Journal, Status, seconds_a_job
from vsr.sweep.plan import VARIABLE, Plan

log = logging.getLogger(__name__)

Objectives = float | list[float] | None


def run_job(cfg: DictConfig, folder: Path) -> Objectives:
    """Run the current job of a sweep as its own command, and return what a searching sweeper is to judge it by.

    A job gets a process of its own, so that it starts from nothing: processes of a distributed run are started with
    the command line of the first one, and from within a sweep each of them would begin the whole sweep anew; memory of
    a GPU, logger and random states do not pass from job to job either.

    A failure is noted, not raised, so that the others go on; `vsr.sweep.finish` reports it.

    Args:
        cfg: of the job.
        folder: of the job.

    Raises:
        UserError: the command of a sweep without a `Plan`, as of evaluations, failed.
    """
    plan = Plan.published()
    if plan is None:
        return _run_plainly(folder)
    config, number = resolved(cfg), int(HydraConfig.get().job.num)
    journal = Journal(Path(plan.folder))
    begun = time.monotonic()
    with claimed(folder) as claim:
        if claim is None:
            status, error = Status.ELSEWHERE, ""
        elif _is_finished(folder, config):
            status, error = Status.FINISHED_BEFORE, ""
        else:
            log.info(_announcement(plan, number, seconds_a_job(journal.read())))
            status, error = _train(plan, config, number, folder, claim)
    journal.add(Entry(plan.launch, number + 1, folder.name, status, round(time.monotonic() - begun, 1), error))
    scores = _scores(folder) if status is not Status.FAILED else {}
    if status is not Status.TRAINED:
        log.info(f"{_title(plan, number)} · {status}{': ' + error if error else ''}{_shown(plan, scores)}")
    return _objectives(plan, scores)


def _train(plan: Plan, config: Mapping[str, Any], number: int, folder: Path, claim: int) -> tuple[Status, str]:
    command = [*plan.command, *_overrides("output_dir", "resume"), "hydra.mode=RUN", "resume=auto"]
    if (folder / "checkpoints" / "last.ckpt").is_file():
        # A run that goes on takes of its configuration only what is typed.
        command += [f"{key}={_typed(config[key])}" for key in SCORING]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    with _own_gpu(plan, config, number) as chosen:
        ended = run([*command, f"output_dir={quoted(folder)}"], environment | chosen, [claim])
    return (Status.FAILED, ended.error) if ended.status else (Status.TRAINED, "")


def _run_plainly(folder: Path) -> float | None:
    command = [*own_command(sys.argv), *_overrides("output_dir"), "hydra.mode=RUN", f"output_dir={quoted(folder)}"]
    ended = run(command, os.environ)
    if ended.status:
        raise UserError(f"the job of {folder} failed: {ended.error}")
    return _scores(folder).get("psnr_y")


def _overrides(*but: str) -> list[str]:
    return [override for override in HydraConfig.get().overrides.task if override.split("=")[0] not in but]


def _typed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else f"[{','.join(value)}]"


def _is_finished(folder: Path, config: dict[str, Any]) -> bool:
    from vsr.inference.results import config_hash  # here: it takes torch

    results = folder / "results.json"
    return results.is_file() and json.loads(results.read_text())["config_hash"] == config_hash(config)


@contextlib.contextmanager
def _own_gpu(plan: Plan, config: Mapping[str, Any], number: int) -> Iterator[dict[str, str]]:
    """What to set so that jobs that run at once do not all take the first GPU."""
    trainer = config["trainer"]
    wants_one = trainer["devices"] == 1 and trainer["accelerator"] != "cpu"
    names = gpu.gpus() if wants_one and not plan.one_by_one else []
    if len(names) < 2:
        yield {}
    else:
        with gpu.one_of(names, number) as name:
            yield {"CUDA_VISIBLE_DEVICES": name}


def _scores(folder: Path) -> dict[str, float]:
    results = folder / "results.json"
    return dict(json.loads(results.read_text())["metrics"]) if results.is_file() else {}


def _objectives(plan: Plan, scores: Mapping[str, float]) -> Objectives:
    if isinstance(plan.objectives, str):
        return scores.get(plan.objectives)
    values = [scores[metric] for metric in plan.objectives if metric in scores]
    return values if len(values) == len(plan.objectives) else None


def _announcement(plan: Plan, number: int, seconds: float | None) -> str:
    if seconds is None or not plan.one_by_one or plan.jobs is None:
        return _title(plan, number)
    left = seconds * (plan.jobs - number)
    return f"{_title(plan, number)} · about " + (f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left")


def _title(plan: Plan, number: int) -> str:
    varied = [override for override in _overrides() if override.lstrip("+").split("=")[0] in plan.swept]
    of = f" of {plan.jobs}" if plan.jobs else ""
    return " · ".join([f"job {number + 1}{of}", *([" ".join(varied)] if varied else [])])


def _shown(plan: Plan, scores: Mapping[str, float]) -> str:
    found = [f"{metric} {scores[metric]:.4g}" for metric in plan.axes.values() if metric in scores]
    return f" ({', '.join(found)})" if found else ""
