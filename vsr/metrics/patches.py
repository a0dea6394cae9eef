"""Features of patches, for distribution distances that a few clips suffice for."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from vsr.errors import UserError
from vsr.metrics.lpips import unit_length

LAYER = "relu3_3"
"""Of VGG16: 256 channels, each of which sees 40 px of the frame."""

DIMENSIONS = 256
SIDE = 64
_STRIDE = 4  # of the layer


def patch_features(features: Tensor) -> Tensor:
    """Mean over each 64 px patch of the features, at `unit_length` times √256; what is left over is dropped.

    Patches touch. Unit length, as LPIPS has it, keeps the values about 1, for which the kernel distance is made.

    Args:
        features: of frames at `LAYER`, (N, 256, H/4, W/4).

    Returns:
        (N · ⌊H/64⌋ · ⌊W/64⌋, 256) in float32.

    Raises:
        UserError: a frame is smaller than a patch.
    """
    cells = SIDE // _STRIDE
    if min(features.shape[-2:]) < cells:
        height, width = (side * _STRIDE for side in features.shape[-2:])
        raise UserError(f"patch_kid and patch_fid need frames of at least {SIDE} px a side, got {width}x{height}.")
    unit = unit_length(features) * DIMENSIONS**0.5
    return F.avg_pool2d(unit, cells).permute(0, 2, 3, 1).reshape(-1, features.shape[1])
