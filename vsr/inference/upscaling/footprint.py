"""How much memory a generator takes, tried on small pictures before it sees large ones."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vsr.generators import Generator
from vsr.generators.family import BasicVSRFamily
from vsr.inference.upscaling.container_memory import left_to_container

_CPU_SIDE, _GPU_SIDE = 64, 128  # of the pictures tried
_SHORT, _LONG = 3, 6  # frames
_CPU_SHARE, _GPU_SHARE = 0.5, 0.8  # of what is free; what convolutions take for themselves is not seen on a CPU


@dataclass(frozen=True)
class Footprint:
    """Bytes that a generator takes for an LR pixel: ``once``, whatever the clip, and for each ``frame`` of it."""

    once: float
    frame: float

    @classmethod
    def of(cls, generator: Generator, device: torch.device, pixels: int) -> Footprint:
        """Of ``generator``, which is on ``device``, for pictures of so many LR ``pixels``."""
        side = _CPU_SIDE if device.type == "cpu" else _GPU_SIDE
        with _chunks_in_proportion(generator, side**2 / pixels):
            if generator.causal:
                return cls(_peak(generator, side, 1, device) / side**2, 0.0)
            short, long = (_peak(generator, side, frames, device) / side**2 for frames in (_SHORT, _LONG))
        # Estimating flow may take more than all that a short clip keeps, and hide what a long one does: two features a
        # pixel, LR, and SR as a list and as one tensor.
        kept = 4 * (2 * generator.channels + 3 + 2 * 3 * generator.scale**2)
        frame = max((long - short) / (_LONG - _SHORT), kept)
        return cls(max(short - _SHORT * frame, 0.0), frame)

    def pixels(self, frames: int, memory: float) -> float:
        """How large a picture may be, that so many ``frames`` of it fit into the ``memory``."""
        return memory / (self.once + frames * self.frame)


def memory_to_use(device: torch.device) -> float:
    """Bytes that may be taken now, a share of what is free."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return _GPU_SHARE * (torch.cuda.mem_get_info(device)[0] + kept)
    return _CPU_SHARE * min(psutil.virtual_memory().available, left_to_container())


@contextlib.contextmanager
def _chunks_in_proportion(generator: Generator, share: float) -> Iterator[None]:
    """Let small pictures be cut into as many chunks as large ones, of which they have so small a ``share``."""
    chunked = [(module, module.chunk) for module in generator.modules() if isinstance(module, BasicVSRFamily)]
    try:
        for module, chunk in chunked:
            module.chunk = max(1, round(chunk * share))
        yield
    finally:
        for module, chunk in chunked:
            module.chunk = chunk


def _peak(generator: Generator, side: int, frames: int, device: torch.device) -> float:
    """Bytes at the worst moment of a clip of ``frames`` pictures of ``side`` x ``side``."""
    lr = torch.rand(1, frames, 3, side, side, device=device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        _run(generator, lr)
        return torch.cuda.max_memory_allocated(device) - before
    with _LiveTensors() as live:
        _run(generator, lr)
    return live.most


def _run(generator: Generator, lr: Tensor) -> None:
    if not generator.causal:
        generator(lr)
        return
    _, state = generator.step(lr[:, 0])
    generator.step(lr[:, 0], state)


class _LiveTensors(TorchDispatchMode):
    """Within: counts the bytes of the tensors that are made and still held; ``most``, their greatest sum."""

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._hold(tensor.untyped_storage())
        self.most = max(self.most, self._now)
        return made

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._seen:
            return
        self._seen.add(key)
        self._now += size
        weakref.finalize(storage, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self._now -= size
