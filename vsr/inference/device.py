"""Where networks run, and the most memory they took."""

from __future__ import annotations

import sys

import psutil
import torch

from vsr.errors import UserError


def choose_device(name: str) -> torch.device:
    """The device called ``name``, in float32 throughout; "auto" is CUDA where there is one, else the CPU.

    Raises:
        UserError: it cannot be used here.
    """
    torch.backends.cudnn.allow_tf32 = False  # else cuDNN rounds what it convolves to 10 bits: scores would move
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, ImportError) as error:
        raise UserError(f"device={name} cannot be used here; try device=cpu") from error


def peak_memory(device: torch.device) -> int:
    """Bytes that this process held at most, on a GPU those of its tensors there."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
