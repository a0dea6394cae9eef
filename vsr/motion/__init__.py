"""Motion between frames: warping, resizing flow, estimating flow.

Of pairs: ``flow(reference, supporting)``, all ``(N, ., H, W)``, is the flow such that ``warp(supporting, flow)`` lies
on the grid of ``reference``; `SPyNet` is such a network.

Of clips: ``estimator(clips, known) -> Motion``, flow and occlusion of neighbouring frames both ways. `dis`, `spynet`
and `raft` give one (`MotionEstimator`) that estimates them from ``clips`` ``(B, T, 3, H, W)``; `exact` gives one that
hands on ``known``, the motion that came with the batch. The losses use these.
"""

from vsr.motion.estimators import dis, exact, raft, spynet
from vsr.motion.motion import Motion
from vsr.motion.occlusion import occluded
from vsr.motion.spynet import SPyNet
from vsr.motion.warp import resize_flow, warp

__all__ = ["Motion", "SPyNet", "dis", "exact", "occluded", "raft", "resize_flow", "spynet", "warp"]
