"""Bicubic degradation ("BI"): how most published LR is made from HR."""

from fractions import Fraction

from torch import Tensor, nn

from vsr.degradations.low_resolution import lr_size, to_8_bits
from vsr.degradations.resize import imresize


class Bicubic(nn.Module):
    """LR = MATLAB's ``imresize(HR, 1/scale)``: Keys' cubic with a = -0.5, widened by ``scale`` against aliasing,
    symmetric border. See `imresize`.

    Args:
        scale: super-resolution factor, at least 1.
        quantise: round LR to 8 bits, as it is stored in every published test set.
    """

    name = "bicubic"
    is_random = False
    runs_in_workers = False

    def __init__(self, scale: int, quantise: bool = True) -> None:
        super().__init__()
        if scale < 1:
            raise ValueError(f"scale={scale} must be at least 1")
        self.scale, self.quantise = scale, quantise

    def forward(self, hr: Tensor) -> Tensor:
        """(B, T, 3, H, W) float in [0, 1] -> (B, T, 3, H/scale, W/scale) float32 in [0, 1].

        Raises:
            ValueError: H or W is no multiple of ``scale``.
        """
        lr_size(hr, self.scale)
        lr = imresize(hr, Fraction(1, self.scale)).clamp(0, 1)
        return to_8_bits(lr) if self.quantise else lr

    def recipe(self) -> dict[str, str | int | bool]:
        """Plain values that say how LR was made, for records and checkpoints."""
        return {"name": self.name, "scale": self.scale, "quantise": self.quantise}


def upsample(lr: Tensor, scale: int) -> Tensor:
    """Bicubic enlargement, the baseline: (..., h, w) -> (..., scale*h, scale*w) float32, clamped to [0, 1]."""
    return imresize(lr, Fraction(scale)).clamp(0, 1)
