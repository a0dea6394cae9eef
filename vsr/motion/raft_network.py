"""RAFT optical flow (Teed & Deng, ECCV 2020), torchvision's network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import optical_flow

from vsr import assets
from vsr.errors import choose
from vsr.motion.warp import resize_flow

SIZES = {"large": optical_flow.raft_large, "small": optical_flow.raft_small}
SMALLEST = 128  # its correlation pyramid of four levels at 1/8 of the size needs as much


class Raft(nn.Module):
    """RAFT behind the interface of this room, frozen. Frames are resized to multiples of 8, at least 128.

    Args:
        size: ``large`` or ``small``.
        weights: ``pretrained`` (torchvision's), or ``random`` for tests.
        updates: recurrent refinements; torchvision's default is 12.

    Raises:
        UserError: another size, or the weights cannot be had.
    """

    def __init__(self, size: str = "large", weights: str = "pretrained", updates: int = 12) -> None:
        super().__init__()
        build = SIZES[choose("raft size", size, SIZES)]
        choose("raft weights", weights, ("pretrained", "random"))
        self.network = build(weights=None)
        self.updates = updates
        if weights == "pretrained":
            self.network.load_state_dict(assets.state_dict(f"raft_{size}"))
        self.requires_grad_(False).eval()

    def forward(self, reference: Tensor, supporting: Tensor) -> Tensor:
        """Flow ``(N, 2, H, W)`` that brings ``supporting`` onto ``reference``, both ``(N, 3, H, W)`` in [0, 1]."""
        H, W = reference.shape[2:]
        size = [max(SMALLEST, -(-side // 8) * 8) for side in (H, W)]
        frames = [
            F.interpolate(x * 2 - 1, size, mode="bilinear", align_corners=False) for x in (reference, supporting)
        ]
        self.to(reference.device)
        flow = self.network(*frames, num_flow_updates=self.updates)[-1]
        return resize_flow(flow.to(torch.float32), (H, W))
