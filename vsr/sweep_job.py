"""Runs one job of a sweep (``-m``) as a command of its own."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from vsr.errors import UserError


def run_apart(output_dir: Path) -> float | None:
    """Run the current job of a sweep as its own command, and return the mean PSNR-Y it ends with, None without one.

    A job gets a process of its own, so that it starts from nothing: processes of a distributed run are started with
    the command line of the first one, and from within a sweep each of them would begin the whole sweep anew; memory of
    a GPU, logger and random states do not pass from job to job either.

    Args:
        output_dir: of the job.

    Raises:
        UserError: the command failed; it has said why.
    """
    overrides = [override for override in HydraConfig.get().overrides.task if not override.startswith("output_dir=")]
    folder = str(output_dir.resolve()).replace("\\", "\\\\").replace("'", "\\'")
    command = [sys.executable, str(Path(sys.argv[0]).resolve()), *_flags(sys.argv[1:]), *overrides]
    command.append(f"output_dir='{folder}'")
    if code := _exit_status(command):
        raise UserError(f"the job of {output_dir} failed (exit status {code}); what it said is above")
    results = output_dir / "results.json"
    if not results.is_file():
        return None
    value = json.loads(results.read_text())["metrics"].get("psnr_y")
    return None if value is None else float(value)


def _flags(arguments: Sequence[str]) -> list[str]:
    """Hydra's flags that say where configurations are, of a command line."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for flags in (("--config-dir", "-cd"), ("--config-path", "-cp"), ("--config-name", "-cn")):
        parser.add_argument(*flags)
    known, _ = parser.parse_known_args(arguments)
    return [f"--{name.replace('_', '-')}={value}" for name, value in vars(known).items() if value is not None]


def _exit_status(command: Sequence[str]) -> int:
    """Run ``command`` to its end. SIGTERM ends the sweep, and the job with it, which saves what it has."""
    process = subprocess.Popen(command)
    if threading.current_thread() is not threading.main_thread():  # where no signal can be caught
        return process.wait()

    told: list[int] = []

    def end(signum: int, frame: object) -> None:
        told.append(signum)
        process.terminate()  # and no `wait` in here: the one that this interrupts holds its lock

    previous = signal.signal(signal.SIGTERM, end)
    try:
        status = process.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)
    if told:
        sys.exit(128 + told[0])
    return status
