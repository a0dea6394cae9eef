"""A small network trained with MSE + λ W₂², and its scores with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from vsr.demos.gaussian_signal import PIXELS, SCALE, GaussianRows
from vsr.metrics import bootstrap

Estimate = Callable[[Tensor, Tensor], Tensor]
"""From LR (B, 4) and noise (B, 8) to SR (B, 8)."""

BATCHES, BATCH = 64, 8192  # of the test
_TEST_SEED = 1_000_000


class SmallGenerator(nn.Module):
    """LR and noise through two hidden layers. Without noise, outputs could not vary as HR does where LR is the same.

    Args:
        width: of the hidden layers.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(PIXELS // SCALE + PIXELS, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, PIXELS),
        )

    def forward(self, lr: Tensor, noise: Tensor) -> Tensor:
        """SR (B, 8) from LR (B, 4) and noise (B, 8)."""
        return cast(Tensor, self.layers(torch.cat([lr, noise], 1)))


def fit(rows: GaussianRows, weight: float, steps: int = 2000, batch: int = 1024, seed: int = 0) -> SmallGenerator:
    """A generator trained with MSE + λ W₂², the latter between the moments of a batch of SR and those of HR's law.

    Args:
        rows: what is learnt.
        weight: λ.
        steps: of Adam, its rate falling to 0 along a cosine.
        batch: rows a step, new ones each time.
        seed: of weights, data and noise.
    """
    torch.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    network = SmallGenerator()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        hr, lr = rows.draw(batch, draws)
        sr = network(lr, torch.randn(batch, PIXELS, generator=draws))
        loss = (sr - hr).square().sum(1).mean()
        if weight:
            loss = loss + weight * rows.squared_distance(*_law(*_moments(sr)))
        optimiser.zero_grad()
        (loss / (1 + weight)).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@dataclass(frozen=True)
class Scores:
    """Of one estimator, on the test rows.

    Args:
        mse: E‖X − X̂‖².
        w2: W₂ of HR's law and the Gaussian with the moments of all SR.
        mse_of_batches: each batch's own.
        intervals: of ``mse``, of ``w2`` and of ``excess``, by bootstrap over the batches.
        excess: mse − D(w2), 0 for the best of estimators.
    """

    mse: float
    w2: float
    mse_of_batches: list[float]
    intervals: dict[str, tuple[float, float]]
    excess: float


@torch.no_grad()
def score(rows: GaussianRows, estimate: Estimate) -> Scores:
    """What ``estimate`` reaches on `BATCHES` times `BATCH` rows, the same in every call.

    A batch's own W₂ would be too large, as that of any few samples is; so that resampling is of the moments that the
    batches have, and each draw's W₂ that of their means.
    """
    draws = torch.Generator().manual_seed(_TEST_SEED)
    found = []
    for _ in range(BATCHES):
        hr, lr = rows.draw(BATCH, draws)
        sr = estimate(lr, torch.randn(BATCH, PIXELS, generator=draws))
        first, second = _moments(sr)
        found.append(torch.cat([(sr - hr).square().sum(1).mean(dtype=torch.float64)[None], first, second.flatten()]))
    moments = torch.stack(found).numpy()
    mse, w2 = _scores(rows, moments.mean(0))
    drawn_mse, drawn_w2 = _scores(rows, bootstrap.means(moments))
    drawn = {"mse": drawn_mse, "w2": drawn_w2, "excess": drawn_mse - rows.problem.distortion(drawn_w2)}
    ends = {name: bootstrap.percentiles(values) for name, values in drawn.items()}
    return Scores(
        float(mse),
        float(w2),
        moments[:, 0].tolist(),
        {name: (float(low), float(high)) for name, (low, high) in ends.items()},
        float(mse - rows.problem.distortion(w2)),
    )


def _moments(sr: Tensor) -> tuple[Tensor, Tensor]:
    """E[SR] (pixels,) and E[SR SRᵀ] (pixels, pixels), in float64."""
    sr = sr.double()
    return sr.mean(0), sr.mT @ sr / len(sr)


def _law(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance from the moments."""
    return first, second - first[..., :, None] * first[..., None, :]


def _scores(rows: GaussianRows, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MSE and W₂ from their means over batches, (…, 1 + pixels + pixels²)."""
    mse, first, second = torch.from_numpy(moments).split([1, PIXELS, PIXELS**2], -1)
    distance = rows.squared_distance(*_law(first, second.unflatten(-1, (PIXELS, PIXELS)))).clamp(min=0).sqrt()
    return mse[..., 0].numpy(), distance.numpy()
