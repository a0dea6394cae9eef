"""SIGTERM and SLURM's warning: a run that is told to stop finishes its step, saves, and says how to go on."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import lightning as L

log = logging.getLogger(__name__)


class StopSignal:
    """Notes SIGTERM and, in a SLURM job, SIGUSR1, for the run to act on between two steps.

    It takes the place of Lightning's handlers, which leave with exit code 0, save a checkpoint of their own in the
    middle of a step when SLURM asks for one, and call collectives from within the handler.
    """

    def __init__(self) -> None:
        self._noted: set[int] = set()

    def listen(self) -> None:
        """Take the signals from now on; Lightning puts back what handled them when it tears down."""
        if threading.current_thread() is not threading.main_thread():
            return  # Python allows handlers in the main thread only
        signal.signal(signal.SIGTERM, self._note)
        if "SLURM_JOB_ID" in os.environ:
            signal.signal(signal.SIGUSR1, self._note)

    def _note(self, number: int, _: Any) -> None:
        self._noted.add(number)

    def came(self, trainer: L.Trainer) -> bool:
        """Whether any rank was told to stop; all ranks ask at once and hear the same."""
        return trainer.strategy.reduce_boolean_decision(bool(self._noted), all=False)

    def leave(self, trainer: L.Trainer, output_dir: Path, steps: int, goes_on_by_itself: bool) -> None:
        """End the process, with 143 as after SIGTERM.

        After SIGUSR1, the warning before a SLURM job's time is up, the job is requeued first, provided that it would
        go on when it starts again (``resume=auto``). After SIGTERM SLURM requeues by itself where it means to.

        Raises:
            SystemExit: always.
        """
        warned = trainer.strategy.reduce_boolean_decision(signal.SIGTERM not in self._noted, all=True)
        if not trainer.is_global_zero:
            raise SystemExit(0)  # Lightning kills the first process where another one ends with an error
        log.info(f"told to stop, saved generator step {steps}; go on with resume=auto output_dir={output_dir}")
        if warned:
            requeue(goes_on_by_itself)
        raise SystemExit(128 + signal.SIGTERM)


def requeue(goes_on_by_itself: bool) -> None:
    """Put this SLURM job back into the queue, unless it would start anew."""
    if not goes_on_by_itself:
        log.info("the SLURM job is not requeued: without resume=auto it would start anew")
        return
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    job = f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}" if array else os.environ["SLURM_JOB_ID"]
    try:
        subprocess.run(["scontrol", "requeue", job], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        log.warning(f"SLURM job {job} could not be requeued ({reason}); submit it again")
