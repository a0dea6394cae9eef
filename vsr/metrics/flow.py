"""tOF: whether SR moves as HR does, by the optical flow that is estimated in each.

Papers print two of them, which do not compare: TecoGAN's (Chu et al., SIGGRAPH 2020), which is `tof`, and StableVSR's
(Rota et al., ECCV 2024), which is `tof_raft`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from vsr.metrics.chunk import Both, Chunk
from vsr.metrics.running import Neighbours, Running
from vsr.motion.estimator import PairFlow


def farneback_flow(earlier: Tensor, later: Tensor) -> Tensor:
    """Farneback's flow (SCIA 2003) from ``earlier`` to ``later`` with TecoGAN's settings, by OpenCV on the CPU.

    Args:
        earlier: grey frames (N, H, W), uint8.
        later: likewise.

    Returns:
        (N, 2, H, W) in pixels, on the device of ``earlier``.
    """
    settings = {"pyr_scale": 0.5, "levels": 3, "winsize": 15, "iterations": 3, "poly_n": 5, "poly_sigma": 1.2}
    flows = [
        cv2.calcOpticalFlowFarneback(first, second, None, flags=0, **settings)  # type: ignore[call-overload]
        for first, second in zip(earlier.cpu().numpy(), later.cpu().numpy(), strict=True)
    ]
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).to(earlier.device)


def grey(frames: Tensor) -> Tensor:
    """OpenCV's grey of RGB (N, 3, H, W) in [0, 1]: (N, H, W) uint8, on the CPU."""
    pictures = (frames.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return torch.from_numpy(np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]))


def greys(chunk: Chunk) -> Both:
    """Both clips in grey, whole frames."""
    return Both(*(grey(frames) for frames in chunk.whole))


def whole_frames(chunk: Chunk) -> Both:
    """Both clips in colour, whole frames."""
    return chunk.whole


def euclidean_difference(sr_flow: Tensor, hr_flow: Tensor) -> Tensor:
    """Mean over the pixels of ||w_SR − w_HR||₂: flows (N, 2, H, W) to (N,), in pixels (TecoGAN's code)."""
    return torch.linalg.vector_norm(sr_flow - hr_flow, dim=1).mean((1, 2))


def absolute_difference(sr_flow: Tensor, hr_flow: Tensor) -> Tensor:
    """Mean over the pixels and both components of |w_SR − w_HR|: flows (N, 2, H, W) to (N,), in pixels (StableVSR)."""
    return (sr_flow - hr_flow).abs().mean((1, 2, 3))


class FlowDifference(Running):
    """Difference between the flow from frame t−1 to t of SR and that of HR; flow of whole frames, cropped afterwards.

    Args:
        flow: of pairs of what ``of`` gives, from the earlier to the later.
        of: what of a chunk the flow is estimated from.
        difference: flows of SR and of HR to one value a pair.
    """

    def __init__(
        self, flow: PairFlow, of: Callable[[Chunk], Both], difference: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        self.flow, self.of, self.difference = flow, of, difference
        self._sr, self._hr = Neighbours(), Neighbours()

    def add(self, chunk: Chunk) -> Tensor:
        """One value a pair."""
        frames = chunk.once(self.of)
        sr_pairs, hr_pairs = self._sr(frames.sr), self._hr(frames.hr)
        if not len(sr_pairs[0]):
            return torch.empty(0)
        flows = [self.flow(*pairs) for pairs in (sr_pairs, hr_pairs)]
        return self.difference(*(chunk.protocol.cropped(flow) for flow in flows))
