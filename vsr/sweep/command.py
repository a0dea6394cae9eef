"""A job as a command of its own: its command line, how it ends, and what it says if it fails."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ERROR_FILE = "VSR_ERROR_FILE"
TO_STOP = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Ended(NamedTuple):
    """How a command ended: its exit status, and the line that says why it failed."""

    status: int
    error: str


def own_command(arguments: Sequence[str]) -> list[str]:
    """What runs the script of the command line ``arguments`` again, with Hydra's flags that say where configurations
    are, and without anything else that was typed."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name, short in (("--config-dir", "-cd"), ("--config-path", "-cp"), ("--config-name", "-cn")):
        parser.add_argument(name, short)
    known, _ = parser.parse_known_args(arguments[1:])
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in vars(known).items() if value is not None]
    return [sys.executable, str(Path(arguments[0]).resolve()), *flags]


def quoted(path: Path) -> str:
    """``path`` as the value of an override, whatever characters are in it."""
    text = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def run(command: Sequence[str], environment: Mapping[str, str], keep_open: Sequence[int] = ()) -> Ended:
    """Run ``command`` to its end.

    Ctrl-C, SIGTERM or a closed terminal end the sweep, and the job with it: the job gets SIGTERM, at which it finishes
    its step and saves. It is in a process group of its own, lest Ctrl-C reach it twice, in the middle of a step.

    Args:
        command: the job.
        environment: of it.
        keep_open: file descriptors that it inherits.

    Raises:
        SystemExit: the sweep was told to end, and the job has ended.
    """
    with tempfile.TemporaryDirectory() as scratch:
        said = Path(scratch) / "error"
        process = subprocess.Popen(
            command, env={**environment, ERROR_FILE: str(said)}, pass_fds=keep_open, process_group=0
        )
        status = _wait(process)
        error = said.read_text(encoding="utf-8") if said.is_file() else ""
    return Ended(status, error or _how_it_ended(status))


def note_error(line: str) -> None:
    """Leave ``line`` for the sweep that this command is a job of, if it is one; of several lines the first counts."""
    path = os.environ.get(ERROR_FILE)
    if path and not Path(path).exists():
        Path(path).write_text(line, encoding="utf-8")


def _wait(process: subprocess.Popen[bytes]) -> int:
    if threading.current_thread() is not threading.main_thread():  # where no signal can be caught
        return process.wait()
    told: list[int] = []

    def end(signum: int, frame: object) -> None:
        told.append(signum)
        process.terminate()  # and no `wait` in here: the one that this interrupts holds its lock

    previous = {number: signal.signal(number, end) for number in TO_STOP}
    try:
        status = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if told:
        print("the sweep was told to stop; run it again to go on", flush=True)
        sys.exit(128 + told[0])
    return status


def _how_it_ended(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"killed by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
    return f"exit status {status}; what it said is above"
