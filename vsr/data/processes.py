"""Processes that read."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext

import cv2
import torch

from vsr.heap import keep_freed_memory


def clean_context(*preloaded: str) -> BaseContext:
    """Starts processes that inherit neither threads, locks nor decoders: OpenCV's and decord's do not survive a fork.

    Args:
        preloaded: modules that are imported once, not once a process.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preloaded))
    return context


@contextmanager
def one_thread() -> Iterator[None]:
    """Within, PyTorch computes on one thread, as in a reading process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def begin(*_: object) -> None:
    """What a reading process does first: it takes one core, and keeps the memory of one item for the next."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    keep_freed_memory()
