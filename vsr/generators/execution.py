"""How a recurrent generator's work is cut into kernels: what is fast depends on what the device waits for."""

from __future__ import annotations

import torch
from torch import Tensor

EXECUTIONS = ("auto", "batched", "sequential")
CHUNK = 2**17  # LR pixels: 32 crops of 64 x 64, about 1.6 GB at 64 head channels, x4


def is_batched(execution: str, device: torch.device) -> bool:
    """Whether to launch few large kernels, rather than go frame by frame.

    An accelerator waits for launches on small crops; a CPU waits for memory, and a frame's features fit its cache.

    Args:
        execution: "batched", "sequential", or "auto": batched on any device but a CPU.
        device: where the work is done.
    """
    return device.type != "cpu" if execution == "auto" else execution == "batched"


def frames_at_once(batched: bool, lr: Tensor, chunk: int) -> int:
    """How many frames of ``lr`` (B, T, 3, h, w) are reconstructed together.

    Args:
        batched: if not, 1.
        lr: the clip.
        chunk: LR pixels of all clips together that may be reconstructed at once; at least one frame is.
    """
    B, T, _, h, w = lr.shape
    return min(T, max(1, chunk // (B * h * w))) if batched else 1
