"""Gaussian blur, then every ``scale``-th pixel ("BD"): three published variants, of other kernel, phase and border."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor, nn

from vsr.degradations.low_resolution import lr_size, to_8_bits
from vsr.degradations.resize import sum_of_taps
from vsr.errors import UserError, choose

SCALES = {"duf": (2, 3, 4), "matlab": (2, 3, 4), "tecogan": (4,)}


@dataclass(frozen=True)
class _Kernel:
    """Of LR sample i along one axis: ``taps`` Gaussian weights, the first on HR sample scale*i + ``offset``."""

    taps: int
    sigma: float
    offset: int
    replicates: bool  # the border's pixel, else mirrors around it

    @property
    def weight(self) -> Tensor:
        distance = torch.arange(self.taps, dtype=torch.float64) - (self.taps - 1) / 2
        weight = torch.exp(-(distance**2) / (2 * self.sigma**2))
        return weight / weight.sum()


class BlurSubsample(nn.Module):
    """LR[i, j] = sum_ab g[a] g[b] HR[scale*i + a, scale*j + b], g a sampled Gaussian that sums to 1.

    ======== ============== ============================== ================= =========
    variant  sigma          taps                           centred on HR     border
    ======== ============== ============================== ================= =========
    duf      0.4 * scale    13; to 4 sigma, if that is less scale*i           mirrored
    matlab   1.6            12 (x3: 7)                     scale*(i+1/2)-1/2 replicated
    tecogan  1.5 (only x4)  9                              scale*i           mirrored
    ======== ============== ============================== ================= =========

    ``duf``: Jo et al., CVPR 2018, and the EDVR line. ``matlab``: the "BD" test sets of BasicVSR (Chan et al., CVPR
    2021) and, at x3, of RCAN. ``tecogan``: Chu et al., SIGGRAPH 2020. At x2 the centre of ``matlab`` is that of the
    two HR pixels. LR of one variant is not input for weights trained on another: the phase alone costs 7 dB on Vid4.

    Args:
        scale: super-resolution factor: 2, 3 or 4, for ``tecogan`` 4.
        variant: ``duf``, ``matlab`` or ``tecogan``.
        quantise: round LR to 8 bits, as it is stored in every published test set.

    Raises:
        UserError: unknown variant, or a scale that it is not defined for.
    """

    is_random = False
    runs_in_workers = False

    def __init__(self, scale: int, variant: str = "matlab", quantise: bool = True) -> None:
        super().__init__()
        choose("degradation.variant", variant, SCALES)
        if scale not in SCALES[variant]:
            known = ", ".join(f"{name} (x{', x'.join(map(str, scales))})" for name, scales in SCALES.items())
            raise UserError(f"degradation.variant={variant} is not defined for scale={scale}. Defined: {known}.")
        self.scale, self.variant, self.quantise = scale, variant, quantise

    @property
    def name(self) -> str:
        """With the variant, whose numbers are not those of another."""
        return f"blur_subsample_{self.variant}"

    def forward(self, hr: Tensor) -> Tensor:
        """(B, T, 3, H, W) float in [0, 1] -> (B, T, 3, H/scale, W/scale) float32 in [0, 1].

        Raises:
            ValueError: H or W is no multiple of ``scale``.
        """
        lr_size(hr, self.scale)
        lr = hr.float()
        for dim in (-2, -1):
            lr = sum_of_taps(lr, dim, *_taps(lr.shape[dim], self.scale, self.variant, lr.device))
        lr = lr.clamp(0, 1)
        return to_8_bits(lr) if self.quantise else lr

    def recipe(self) -> dict[str, str | int | bool]:
        """Plain values that say how LR was made, for records and checkpoints."""
        return {"name": self.name, "scale": self.scale, "quantise": self.quantise}


def _kernel(variant: str, scale: int) -> _Kernel:
    if variant == "duf":
        radius = min(6, int(4 * 0.4 * scale + 0.5))
        return _Kernel(2 * radius + 1, 0.4 * scale, -radius, replicates=False)
    if variant == "tecogan":
        return _Kernel(9, 1.5, -4, replicates=False)
    # An even kernel has no middle tap: MATLAB puts the one before the middle on the sampled pixel.
    taps = 7 if scale == 3 else 2 * ceil(3 * 1.6) + 2
    return _Kernel(taps, 1.6, (scale - 1) // 2 - (taps - 1) // 2, replicates=True)


@lru_cache(maxsize=64)
def _taps(length: int, scale: int, variant: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """What `sum_of_taps` takes: source indices (taps, length/scale) and weights (taps, 1)."""
    with torch.inference_mode(False):  # cached tensors must stay usable by autograd
        kernel = _kernel(variant, scale)
        first = torch.arange(0, length, scale) + kernel.offset
        index = first + torch.arange(kernel.taps)[:, None]
        index = index.clamp(0, length - 1) if kernel.replicates else _mirror(index, length)
        return index.to(device), kernel.weight.float()[:, None].to(device)


def _mirror(index: Tensor, length: int) -> Tensor:
    """... 2 1 | 0 1 .. n-1 | n-2 n-3 ..."""
    period = max(1, 2 * (length - 1))
    index = index % period
    return torch.minimum(index, period - index)
