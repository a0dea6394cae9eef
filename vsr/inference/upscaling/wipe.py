"""Bicubic enlargement and SR in one picture, with a line that goes to and fro between them."""

from __future__ import annotations

import math

import numpy as np
import torch

from vsr.degradations import upsample
from vsr.inference.media import to_uint8

PERIOD = 6.0  # seconds from left to right and back
_LINE = 2  # px


def wipe(lr: np.ndarray, sr: np.ndarray, seconds: float) -> np.ndarray:
    """``sr`` (H, W, 3) to the right of a white line, bicubic of ``lr`` to its left; the line starts in the middle."""
    height, width = sr.shape[:2]
    scale = height // lr.shape[0]
    place = round(width * (0.5 + 0.5 * math.sin(2 * math.pi * seconds / PERIOD)))
    picture = sr.copy()
    if place:
        # No more of it than is seen, and a little for the kernel to reach over.
        columns = min(lr.shape[1], -(-place // scale) + 4)
        part = torch.from_numpy(np.ascontiguousarray(lr[:, :columns])).permute(2, 0, 1)[None].float() / 255
        picture[:, :place] = to_uint8(upsample(part, scale))[0][:, :place]
    picture[:, max(place - _LINE // 2, 0) : place + _LINE // 2] = 255
    return picture
