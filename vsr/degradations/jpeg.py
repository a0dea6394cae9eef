"""JPEG on the device: all that is lossy of the format (ITU-T T.81), and none of its entropy coding."""

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.degradations.draw import Range

# ITU-T T.81, tables K.1 and K.2.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def jpeg(clip: Tensor, quality: Tensor) -> Tensor:
    """What a baseline JPEG of each frame decodes to: 8 bits, YCbCr (JFIF), chroma halved both ways (4:2:0) and brought
    back by triangles, 8x8 DCT, coefficients rounded to multiples of the standard tables at libjpeg's ``quality``.

    (T, 3, H, W) in [0, 1] with ``quality`` (T,), 1 to 100, on the CPU -> the same shape, float32, 8-bit levels.
    """
    height, width = clip.shape[-2:]
    rgb = F.pad(clip.float(), (0, -width % 16, 0, -height % 16), mode="replicate").clamp(0, 1).mul(255).round()
    y, chroma = _ycc(rgb)
    luminance, chrominance = (
        table.to(clip.device).permute(1, 2, 0)[..., None, None, None] for table in quantisation_tables(quality)
    )
    y = _coded(y, luminance)
    chroma = _coded(F.avg_pool2d(chroma, 2).round(), chrominance)
    rgb = _rgb(y, F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False).round())
    return rgb[..., :height, :width].round().clamp(0, 255) / 255


class Jpeg:
    """Codes each frame as JPEG, at a quality that drifts.

    Args:
        quality: ``[low, high, step]``, libjpeg's, 1 to 100.

    Raises:
        UserError: a quality out of range.
    """

    def __init__(self, quality: Sequence[float]) -> None:
        self.quality = Range.parse("jpeg.quality", quality, 1, 100)

    def __call__(self, clip: Tensor) -> Tensor:
        """(T, 3, H, W) in [0, 1] -> the same, float32."""
        return jpeg(clip, self.quality.walk(len(clip)))


def quantisation_tables(quality: Tensor) -> tuple[Tensor, Tensor]:
    """Steps of the luminance and the chrominance coefficients at each quality, as libjpeg scales them.

    ``quality`` (T,), rounded and held to 1 to 100 -> two tensors (T, 8, 8).
    """
    quality = quality.round().clamp(1, 100)
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)[:, None, None]
    base = torch.tensor((_LUMINANCE, _CHROMINANCE), dtype=torch.float32)
    luminance, chrominance = (((table * percent + 50) / 100).floor().clamp(1, 255) for table in base)
    return luminance, chrominance


def _coded(plane: Tensor, steps: Tensor) -> Tensor:
    """(T, C, H, W) levels, H and W multiples of 8, through transform, rounding to multiples of ``steps``
    (8, 8, T, 1, 1, 1), and back."""
    T, C, H, W = plane.shape
    # The place in a block first: each sum of a transform then runs over whole planes, which a CPU does thrice as fast.
    blocks = (plane - 128).reshape(T, C, H // 8, 8, W // 8, 8).permute(3, 5, 0, 1, 2, 4).contiguous()
    basis = _cosines(plane.device)
    coefficients = _along(_along(blocks, 0, basis), 1, basis)
    coefficients = (coefficients / steps).round() * steps
    blocks = _along(_along(coefficients, 0, basis.T), 1, basis.T)
    return (blocks.permute(2, 3, 4, 0, 5, 1).reshape(T, C, H, W) + 128).round().clamp(0, 255)


def _along(blocks: Tensor, dim: int, matrix: Tensor) -> Tensor:
    """``matrix @ blocks`` along ``dim``, 0 or 1: term by term, since a matrix product may run in TF32."""
    shape = [8 if d == dim else 1 for d in range(blocks.ndim)]
    total = torch.zeros_like(blocks)
    for column, planes in zip(matrix.T, blocks.split(1, dim), strict=True):
        total.addcmul_(column.reshape(shape), planes)
    return total


@lru_cache(maxsize=8)
def _cosines(device: torch.device) -> Tensor:
    """Orthonormal DCT-II: row u, column x."""
    with torch.inference_mode(False):
        u, x = torch.arange(8, dtype=torch.float64)[:, None], torch.arange(8, dtype=torch.float64)
        basis = torch.cos((2 * x + 1) * u * torch.pi / 16) / 2
        basis[0] /= 2**0.5
        return basis.float().to(device)


def _ycc(rgb: Tensor) -> tuple[Tensor, Tensor]:
    r, g, b = rgb.split(1, 1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    chroma = torch.cat(((b - y) / 1.772, (r - y) / 1.402), 1) + 128
    return y.round(), chroma.round().clamp(0, 255)


def _rgb(y: Tensor, chroma: Tensor) -> Tensor:
    cb, cr = (chroma - 128).split(1, 1)
    return torch.cat((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), 1)
