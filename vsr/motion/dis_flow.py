"""Dense Inverse Search optical flow (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor


def dis_flow(reference: Tensor, supporting: Tensor) -> Tensor:
    """Flow such that ``warp(supporting, flow)`` lies on the grid of ``reference``, by OpenCV on the CPU.

    Needs no weights. No gradient.

    Args:
        reference: ``(N, 3, H, W)`` in [0, 1].
        supporting: likewise.

    Returns:
        ``(N, 2, H, W)`` float32 in pixels, on the device of ``reference``.
    """
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    pairs = zip(_grey(reference), _grey(supporting), strict=True)
    flows = [np.asarray(estimator.calc(first, second, None)) for first, second in pairs]  # type: ignore[call-overload]
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).contiguous().to(reference.device)


def _grey(frames: Tensor) -> np.ndarray:
    """``(N, 3, H, W)`` in [0, 1] to ``(N, H, W)`` uint8 luma (BT.601)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=frames.device).view(3, 1, 1)
    return (frames.detach().float() * weights).sum(1).mul(255).round().clamp(0, 255).byte().cpu().numpy()
