"""A job as a command of its own: its command line, how it ends, and what it says if it fails."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from vsr.errors import UserError, one_line

ERROR_FILE = "VSR_ERROR_FILE"
PARENT = "VSR_SWEEP_PROCESS"
PR_SET_PDEATHSIG = 1  # of linux/prctl.h
TO_STOP = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Ended(NamedTuple):
    """How a command ended: its exit status, and the line that says why it failed."""

    status: int
    error: str


def own_command(arguments: Sequence[str]) -> list[str]:
    """What runs the script of the command line ``arguments`` again, with what says where configurations are, and
    without anything else that was typed."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name, short in (("--config-dir", "-cd"), ("--config-path", "-cp"), ("--config-name", "-cn")):
        parser.add_argument(name, short)
    known, _ = parser.parse_known_args(arguments[1:])
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in vars(known).items() if value is not None]
    places = [word for word in arguments[1:] if word.startswith("hydra.searchpath=")]
    return [sys.executable, str(Path(arguments[0]).resolve()), *flags, *places]


def run(command: Sequence[str], environment: Mapping[str, str], keep_open: Sequence[int] = ()) -> Ended:
    """Run ``command`` to its end.

    Ctrl-C, SIGTERM or a closed terminal end the sweep, and the job with it: the job gets SIGTERM, at which it finishes
    its step and saves. It is in a process group of its own, lest Ctrl-C reach it twice, in the middle of a step. Where
    the sweep is killed, the job gets SIGTERM, too (`end_with_sweep`).

    Args:
        command: the job.
        environment: of it.
        keep_open: file descriptors that it inherits.

    Raises:
        SystemExit: the sweep was told to end, and the job has ended.
    """
    with tempfile.TemporaryDirectory() as scratch:
        said = Path(scratch) / "error"
        told = {ERROR_FILE: str(said), **({PARENT: str(os.getpid())} if _is_main_thread() else {})}
        process = subprocess.Popen(command, env={**environment, **told}, pass_fds=keep_open, process_group=0)
        status = _wait(process)
        error = said.read_text(encoding="utf-8") if said.is_file() else ""
    return Ended(status, error or _how_it_ended(status))


def end_with_sweep() -> None:
    """Let the system send SIGTERM to this process, if it is a sweep's job, when the sweep ends, by `kill -9` even.

    On Linux only; elsewhere such a job goes on to its end.
    """
    parent = os.environ.pop(PARENT, None)  # the processes of a distributed run have another parent
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it ended before it could be watched
        os.kill(os.getpid(), signal.SIGTERM)


def note_error(line: str) -> None:
    """Leave ``line`` for the sweep that this command is a job of, if it is one; of several lines the first counts."""
    path = os.environ.get(ERROR_FILE)
    if path and not Path(path).exists():
        Path(path).write_text(line, encoding="utf-8")


def in_one_line(error: BaseException) -> str:
    """What ``error`` says, after its type unless it is one that the user can mend."""
    return one_line(error) if isinstance(error, UserError) else f"{type(error).__name__}: {one_line(error)}"


def _wait(process: subprocess.Popen[bytes]) -> int:
    if not _is_main_thread():  # where no signal can be caught
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


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _how_it_ended(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"killed by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
    return f"exit status {status}; what it said is above"
