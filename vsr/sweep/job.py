"""One job of a sweep: done where it is not done yet, gone on with where it was cut off."""

from __future__ import annotations

import contextlib
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
from vsr.overrides import quoted
from vsr.sweep import gpu
from vsr.sweep.claim import claimed
from vsr.sweep.command import in_one_line, own_command, run
from vsr.sweep.folder import SCORING, resolved
from vsr.sweep.journal import Entry, Journal, Status, seconds_a_job
from vsr.sweep.plan import VARIABLE, Plan, key_of
from vsr.sweep.scores import has_scores, scores

log = logging.getLogger(__name__)

Objectives = float | list[float] | None


def run_job(cfg: DictConfig, folder: Path) -> Objectives:
    """Run the current job of a sweep as its own command, and return what a searching sweeper is to judge it by.

    A job gets a process of its own, so that it starts from nothing: processes of a distributed run are started with
    the command line of the first one, and from within a sweep each of them would begin the whole sweep anew; memory of
    a GPU, logger and random states do not pass from job to job either.

    A failure is noted, not raised, ours included: one that is raised ends or spoils the sweep, depending on the
    sweeper. `vsr.sweep.finish` reports it.

    Args:
        cfg: of the job.
        folder: of the job.

    Raises:
        UserError: the command of a sweep without a `Plan`, as of evaluations, failed.
    """
    plan = Plan.published()
    if plan is None:
        return _run_plainly(folder)
    from vsr.inference.results import config_hash  # here: it takes torch

    config, number = resolved(cfg), int(HydraConfig.get().job.num)
    wanted = config_hash(config)
    begun = time.monotonic()
    try:
        status, error = _do(plan, config, wanted, number, folder)
    except Exception as unforeseen:
        status, error = Status.FAILED, in_one_line(unforeseen)
        if os.environ.get("VSR_TRACEBACK") or not isinstance(unforeseen, UserError | OSError):
            log.exception(_title(plan, number))
    seconds = round(time.monotonic() - begun, 1)
    Journal(Path(plan.folder)).add(Entry(plan.launch, number + 1, folder.name, status, seconds, wanted, error))
    found = None if status in (Status.FAILED, Status.ELSEWHERE) else scores(folder)
    metrics = found.metrics if found else {}
    if status is not Status.TRAINED:
        log.info(f"{_title(plan, number)} · {status}{': ' + error if error else ''}{_shown(plan, metrics)}")
    return _objectives(plan, metrics)


def _do(plan: Plan, config: Mapping[str, Any], wanted: str, number: int, folder: Path) -> tuple[Status, str]:
    """What becomes of the job, and why it failed if it did.

    Args:
        wanted: hash of ``config``; the others as above.
    """
    with claimed(folder) as claim:
        if has_scores(folder, wanted):
            return Status.FINISHED_BEFORE, ""
        if claim is None:
            return Status.ELSEWHERE, ""
        log.info(_announcement(plan, number))
        return _train(plan, config, number, folder, claim)


def _train(plan: Plan, config: Mapping[str, Any], number: int, folder: Path, claim: int) -> tuple[Status, str]:
    command = [*plan.command, *_overrides("output_dir", "resume"), "hydra.mode=RUN", "resume=auto"]
    goes_on = (folder / "checkpoints" / "last.ckpt").is_file()
    if goes_on:  # such a run takes of its configuration only what is typed
        command += [f"{key}={_typed(config[key])}" for key in SCORING]
    # A folder has scores when its training has ended, and a changed training has another folder.
    done = Status.SCORED_ANEW if goes_on and scores(folder) else Status.TRAINED
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    with _own_gpu(config, number) as chosen:
        ended = run([*command, f"output_dir={quoted(folder)}"], environment | chosen, [claim])
    return (Status.FAILED, ended.error) if ended.status else (done, "")


def _run_plainly(folder: Path) -> float | None:
    command = [*own_command(sys.argv), *_overrides("output_dir"), "hydra.mode=RUN", f"output_dir={quoted(folder)}"]
    ended = run(command, os.environ)
    if ended.status:
        raise UserError(f"the job of {folder} failed: {ended.error}")
    found = scores(folder)
    return found.metrics.get("psnr_y") if found else None


def _overrides(*but: str) -> list[str]:
    return [override for override in HydraConfig.get().overrides.task if key_of(override) not in but]


def _typed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else f"[{','.join(value)}]"


@contextlib.contextmanager
def _own_gpu(config: Mapping[str, Any], number: int) -> Iterator[dict[str, str]]:
    """What to set so that jobs that run at once, of this sweep or another one, do not all take the first GPU."""
    trainer = config["trainer"]
    wants_one = trainer["devices"] == 1 and trainer["accelerator"] != "cpu"
    names = gpu.gpus() if wants_one else []
    if len(names) < 2:
        yield {}
    else:
        with gpu.one_of(names, number) as name:
            yield {"CUDA_VISIBLE_DEVICES": name}


def _objectives(plan: Plan, metrics: Mapping[str, float]) -> Objectives:
    if isinstance(plan.objectives, str):
        return metrics.get(plan.objectives)
    values = [metrics[name] for name in plan.objectives if name in metrics]
    return values if len(values) == len(plan.objectives) else None


def _announcement(plan: Plan, number: int) -> str:
    seconds = seconds_a_job(Journal(Path(plan.folder)).of(plan.launch))  # others may have been of another length
    if seconds is None or not plan.one_by_one or plan.jobs is None:
        return _title(plan, number)
    left = seconds * (plan.jobs - number)
    return f"{_title(plan, number)} · about " + (f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left")


def _title(plan: Plan, number: int) -> str:
    varied = [override for override in _overrides() if key_of(override) in plan.swept]
    of = f" of {plan.jobs}" if plan.jobs else ""
    return " · ".join([f"job {number + 1}{of}", *([" ".join(varied)] if varied else [])])


def _shown(plan: Plan, metrics: Mapping[str, float]) -> str:
    found = [f"{name} {metrics[name]:.4g}" for name in plan.axes.values() if name in metrics]
    return f" ({', '.join(found)})" if found else ""
