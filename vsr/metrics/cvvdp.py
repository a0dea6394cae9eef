"""ColorVideoVDP (Mantiuk et al., SIGGRAPH 2024), by its authors' package."""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor

from vsr.errors import UserError
from vsr.metrics.chunk import Chunk
from vsr.metrics.running import Running

DISPLAY = "standard_fhd"
"""24 inches, 1920 × 1080, 200 cd/m², seen from 0.6 m: how large and how bright a pixel is."""

FRAME_RATE = 30
"""Frames a second; clips of pictures have none of their own, and all must be seen alike."""


def check_installed() -> None:
    """Raise a `UserError` where the package is not installed."""
    if importlib.util.find_spec("pycvvdp") is None:
        raise UserError("cvvdp needs its package: install it with `pip install -e .[metrics]`, or leave cvvdp out.")


class ColorVideoVdp(Running):
    """How visible the difference between SR and HR is, flicker included, in JOD: 10 is not at all.

    One value a clip, at its end: the model of vision looks at a quarter of a second at a time and pools over all
    frames. They are kept until then, in 8 bits.
    """

    def __init__(self) -> None:
        self._frames: tuple[list[Tensor], list[Tensor]] = ([], [])

    def add(self, chunk: Chunk) -> Tensor:
        """Nothing yet."""
        for kept, frames in zip(self._frames, chunk.inner, strict=True):
            kept.append((frames * 255).round().byte())
        return torch.empty(0)

    def finish(self) -> Tensor:
        """The value of the clip, (1,)."""
        import pycvvdp  # here: it is an extra, and takes seconds

        sr, hr = map(torch.cat, self._frames)
        metric = pycvvdp.cvvdp(display_name=DISPLAY, quiet=True, device=sr.device)
        quality, _ = metric.predict(sr, hr, dim_order="FCHW", frames_per_second=FRAME_RATE)
        return quality.detach().reshape(1).cpu()
