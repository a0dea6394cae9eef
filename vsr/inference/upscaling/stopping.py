"""Ctrl-C, SIGTERM and a closed terminal, at a moment when a file can still be ended well."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Stopped(KeyboardInterrupt):
    """The process was told to stop; ``number`` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Stopping:
    """Within: SIGINT, SIGTERM and SIGHUP raise `Stopped`, the first at once, unless `undisturbed`, and no other."""

    def __init__(self) -> None:
        self._came: int | None = None
        self._busy = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
            self._before = {number: signal.signal(number, self._note) for number in _signals()}
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let what is inside come to its end first."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._came is not None:
            raise Stopped(self._came)

    def ignore_more(self) -> None:
        """From here on stop for nothing: what is left to do is to end well."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, number: int, _: Any) -> None:
        if self._came is not None:
            return
        self._came = number
        if not self._busy:
            raise Stopped(number)


def _signals() -> list[int]:
    numbers: list[int] = [signal.SIGINT, signal.SIGTERM]
    # Not on Windows; and under nohup it is to be ignored.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
