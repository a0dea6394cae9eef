"""Work spread over processes, with its results in order, whatever becomes of a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, TypeVar

from vsr.data.processes import begin, clean_context

Item = TypeVar("Item")
Result = TypeVar("Result")

_stop: Any = None  # in a worker: the event that asks it to stop


def stopped() -> bool:
    """Whether this process was asked to stop what it does."""
    return _stop is not None and _stop.is_set()


class Workers(Generic[Item, Result]):
    """Processes that each do ``work`` on one item at a time.

    Args:
        work: can be pickled; asks `stopped` now and then.
        count: of processes; 0 works in this one.
        crashed: makes the result of an item at which the process died, twice.
    """

    def __init__(self, work: Callable[[Item], Result], count: int, crashed: Callable[[Item], Result]) -> None:
        self.work, self.count, self.crashed = work, count, crashed
        self._context: Any = clean_context(f"{__package__}.run")
        self._stop = self._context.Event()

    def in_order(self, items: Iterable[Item]) -> Generator[tuple[Item, Result], None, None]:
        """Each item with its result. Twice as many are under way as there are processes.

        Whoever leaves early, by an exception too, waits until the processes have noticed.
        """
        if self.count == 0:
            yield from ((item, self.work(item)) for item in items)
            return
        remaining = iter(items)
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        _start_server()
        pool = self._pool(self.count)
        try:
            while True:
                new = islice(remaining, 2 * self.count - len(waiting))
                waiting.extend((item, self._submit(pool, item)) for item in new)
                if not waiting:
                    return
                item, future = waiting.popleft()
                try:
                    result = future.result()
                except BrokenProcessPool:
                    pool.shutdown()
                    result = self._alone(item)
                    pool = self._pool(self.count)
                    waiting = deque((item, self._again(pool, item, future)) for item, future in waiting)
                yield item, result
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)

    def _pool(self, count: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(count, self._context, _begin, (self._stop,))

    def _submit(self, pool: ProcessPoolExecutor, item: Item) -> Future[Result]:
        try:
            with _ctrl_c_later():
                return pool.submit(self.work, item)
        except BrokenProcessPool as error:
            future: Future[Result] = Future()
            future.set_exception(error)
            return future

    def _again(self, pool: ProcessPoolExecutor, item: Item, future: Future[Result]) -> Future[Result]:
        """Submit the item once more if its process died under it."""
        return self._submit(pool, item) if isinstance(future.exception(), BrokenProcessPool) else future

    def _alone(self, item: Item) -> Result:
        """In a process of its own: which of several items killed the pool is not known otherwise."""
        with self._pool(1) as pool:
            try:
                return pool.submit(self.work, item).result()
            except BrokenProcessPool:
                return self.crashed(item)


def _start_server() -> None:
    """Start what processes are forked from, deaf to Ctrl-C: it imports for seconds before it would see to that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    if threading.current_thread() is not threading.main_thread():
        return  # that one alone may say what becomes of Ctrl-C
    from multiprocessing import forkserver  # not on every system

    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, heard)


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Hold Ctrl-C back: a process that is left while it starts complains, in a traceback, that nobody waits for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    heard = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
    if pressed:
        raise KeyboardInterrupt


def _begin(stop: Any) -> None:
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one sees to the others
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    begin()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()  # killed, it could not say goodbye: this process would wait for work for ever
    os._exit(1)
