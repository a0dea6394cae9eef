"""Motion between frames: warping, resizing flow, estimating flow.

A flow estimator is a module with ``forward(reference, supporting) -> flow``, all ``(N, ., H, W)``: the flow such that
``warp(supporting, flow)`` lies on the grid of ``reference``.
"""

from vsr.motion.spynet import SPyNet
from vsr.motion.warp import resize_flow, warp

__all__ = ["SPyNet", "resize_flow", "warp"]
