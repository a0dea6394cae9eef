"""Motion between frames: warping, resizing flow, estimating flow.

A flow estimator is a module with ``forward(reference, supporting) -> flow``, all ``(N, ., H, W)``: the flow such that
``warp(supporting, flow)`` lies on the grid of ``reference``.
"""

from vsr.motion.estimators import dis, exact, raft, spynet
from vsr.motion.motion import Motion
from vsr.motion.occlusion import occluded
from vsr.motion.spynet import SPyNet
from vsr.motion.warp import resize_flow, warp

__all__ = ["Motion", "SPyNet", "dis", "exact", "occluded", "raft", "resize_flow", "spynet", "warp"]
