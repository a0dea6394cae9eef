"""Sampling along a flow, and resizing a flow."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.layout import layout_of


def warp(x: Tensor, flow: Tensor, padding_mode: str = "zeros") -> Tensor:
    """Backward warping, ``warp(x, flow)[p] = x[p + flow[p]]``, bilinear between pixels.

    To bring frame t onto the grid of frame t+1, pass the flow from t+1 to t.

    Args:
        x: frames or features (N, C, H, W), any floating type.
        flow: (N, 2, H, W), (dx, dy) in pixels.
        padding_mode: what lies outside ``x``: "zeros", "border" or "reflection".

    Returns:
        (N, C, H, W) of ``x``'s type and memory layout. Sampling is done in float32 or better.
    """
    N, _, H, W = x.shape
    if flow.shape != (N, 2, H, W):
        raise ValueError(f"x {tuple(x.shape)} needs a flow {(N, 2, H, W)}, not {tuple(flow.shape)}.")
    # Half types cannot hold a pixel's coordinate: bfloat16 rounds 257 to 256.
    dtype = torch.promote_types(x.dtype, torch.float32)
    pixels, step = _pixel_grid(H, W, dtype, x.device)
    grid = torch.addcmul(pixels, flow.to(dtype).permute(0, 2, 3, 1), step)
    sampled = F.grid_sample(x.to(dtype), grid, "bilinear", padding_mode, align_corners=True)
    return sampled.to(x.dtype, memory_format=layout_of(x))


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a flow (N, 2, H, W) bilinearly to ``size`` = (height, width), in pixels of the new grid."""
    (height, width), (new_height, new_width) = flow.shape[2:], size
    dx, dy = F.interpolate(flow, size, mode="bilinear", align_corners=False).unbind(1)
    return torch.stack((dx * (new_width / width), dy * (new_height / height)), dim=1)


def _pixel_grid(height: int, width: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Every pixel's centre (1, H, W, 2) and a step of one pixel (2,), in `grid_sample`'s coordinates (x, y)."""
    if torch.compiler.is_compiling():
        return _make_pixel_grid(height, width, dtype, device)  # fused by the compiler, whose tensors none may keep
    return _cached_pixel_grid(height, width, dtype, device)


# A recurrent generator warps several times a frame, always on the same few grids, and building one launches more
# kernels than sampling with it.
@lru_cache(maxsize=32)
def _cached_pixel_grid(height: int, width: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    # A tensor made in inference mode could not be used in a training step later.
    with torch.inference_mode(False):
        return _make_pixel_grid(height, width, dtype, device)


def _make_pixel_grid(height: int, width: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    # align_corners=True: -1 and 1 are the centres of the first and the last pixel.
    y = torch.linspace(-1, 1, height, dtype=dtype, device=device)
    x = torch.linspace(-1, 1, width, dtype=dtype, device=device)
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    step = torch.tensor([2 / max(width - 1, 1), 2 / max(height - 1, 1)], dtype=dtype, device=device)
    return pixels, step
