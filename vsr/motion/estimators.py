"""The flow estimators that losses choose from. Each is made once, so that terms which name the same one share it."""

from __future__ import annotations

import functools

from vsr.motion.dis_flow import dis_flow
from vsr.motion.estimator import ExactMotionOnly, MotionEstimator
from vsr.motion.raft_network import Raft
from vsr.motion.spynet import SPyNet


@functools.cache
def dis() -> MotionEstimator:
    """Dense Inverse Search (`dis_flow`): no weights, on the CPU; the default."""
    return MotionEstimator(dis_flow, "dis")


@functools.cache
def spynet(weights: str = "basicvsr_vimeo90k_bi") -> MotionEstimator:
    """SPyNet, frozen, on the device of the frames.

    Args:
        weights: as `vsr.motion.SPyNet`. Of the published BasicVSR only the Vimeo copies still estimate flow; the
            REDS one has turned into something that serves its generator alone.
    """
    network = SPyNet(weights).requires_grad_(False).eval()
    return MotionEstimator(lambda reference, supporting: network.to(reference.device)(reference, supporting), "spynet")


@functools.cache
def raft(size: str = "large", weights: str = "pretrained") -> MotionEstimator:
    """RAFT, frozen, on the device of the frames.

    Args:
        size: ``large`` or ``small``.
        weights: as `vsr.motion.raft_network.Raft`.
    """
    return MotionEstimator(Raft(size, weights), "raft")


@functools.cache
def exact() -> ExactMotionOnly:
    """The motion the data know themselves (``data=synthetic data.with_motion=true``)."""
    return ExactMotionOnly()
