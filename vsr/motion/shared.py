"""The motion of one batch, estimated once for all who ask."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from vsr.motion.motion import Motion

FlowEstimator = Callable[[Tensor, Motion | None], Motion]
"""``estimator(clips, known)``: see `vsr.motion`."""


def current_autocast(device: str) -> Callable[[], torch.autocast]:
    """Makes the autocast that is on now for ``device``, for networks that run later."""
    dtype, enabled = torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)
    return functools.partial(torch.autocast, device, dtype=dtype, enabled=enabled)


class SharedMotion:
    """Motion of ``hr`` by any estimator, without gradient; an estimator runs once, under the autocast of the maker.

    Args:
        hr: ``(B, T, 3, H, W)`` in [0, 1].
        exact: its motion, where the data know it.
    """

    def __init__(self, hr: Tensor, exact: Motion | None = None) -> None:
        self.hr = hr.detach()
        self.exact = exact
        self._networks = current_autocast(hr.device.type)
        self._motions: dict[FlowEstimator, Motion] = {}

    def __call__(self, estimator: FlowEstimator) -> Motion:
        """Flow and occlusion between neighbouring frames."""
        if estimator not in self._motions:
            with self._networks(), torch.no_grad():
                self._motions[estimator] = estimator(self.hr, self.exact)
        return self._motions[estimator]
