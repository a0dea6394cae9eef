"""Degradation of real footage: a random chain of what optics, sensors and codecs do."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vsr.degradations.compression import Compression
from vsr.degradations.draw import Range, check_weights, happens, pick
from vsr.degradations.low_resolution import lr_size, to_8_bits
from vsr.degradations.rescale import METHODS, resize
from vsr.errors import UserError

Operation = Callable[[Tensor], Tensor]


class Camera(nn.Module):
    """LR = the operations in their order, then resizing to LR and ``ringing``, and ``compression`` before or after
    those two, either as likely: the second-order model of Real-ESRGAN (Wang et al., ICCV Workshops 2021), whose last
    JPEG is a video codec in RealBasicVSR (Chan et al., CVPR 2022).

    Each clip of a batch is degraded by a draw of its own, from torch's global CPU generator; parameters drift between
    frames where their operation says so. Values are clipped to [0, 1] after each operation. No gradient flows.

    Args:
        scale: super-resolution factor, at least 1.
        operations: by name, in order; each takes a clip (T, 3, H, W) in [0, 1] and may change H and W. None: left out.
        compression: of the whole clip, last or before last. None: left out.
        ringing: the blur that oversharpening leaves. None: left out.
        methods: weights of ``area``, ``bilinear`` and ``bicubic`` for resizing to LR.
        quantise: round LR to 8 bits, as it is stored.

    Raises:
        UserError: weights that are none, or an operation that is none.
    """

    name = "camera"
    is_random = True

    def __init__(
        self,
        scale: int,
        operations: Mapping[str, Operation | None],
        compression: Operation | None = None,
        ringing: Operation | None = None,
        methods: Mapping[str, float] | None = None,
        quantise: bool = True,
    ) -> None:
        super().__init__()
        if scale < 1:
            raise ValueError(f"scale={scale} must be at least 1")
        for name, operation in operations.items():
            if operation is not None and not callable(operation):
                raise UserError(f"degradation.operations.{name} is no operation; give it a _target_, or null")
        self.scale, self.quantise = scale, quantise
        self.operations = {name: operation for name, operation in operations.items() if operation is not None}
        self.compression, self.ringing = compression, ringing
        self.methods = check_weights("degradation.methods", methods or dict.fromkeys(METHODS, 1.0), METHODS)

    @property
    def runs_in_workers(self) -> bool:
        """Whether a video codec is in the chain: no device runs one, so the data loader's workers run the chain."""
        return any(isinstance(operation, Compression) for operation in self._all().values())

    @property
    def failures(self) -> int:
        """Clips that a codec failed on, in this process."""
        compressions = {id(part): part for part in self._all().values() if isinstance(part, Compression)}
        return sum(part.failures for part in compressions.values())

    @torch.no_grad()
    def forward(self, hr: Tensor) -> Tensor:
        """(B, T, 3, H, W) float in [0, 1] -> (B, T, 3, H/scale, W/scale) float32 in [0, 1].

        Raises:
            ValueError: H or W is no multiple of ``scale``.
        """
        size = lr_size(hr, self.scale)
        with torch.autocast(hr.device.type, enabled=False):
            lr = torch.stack([self._clip(clip.float(), size) for clip in hr])
        return to_8_bits(lr) if self.quantise else lr

    def _clip(self, clip: Tensor, size: tuple[int, int]) -> Tensor:
        def to_lr(clip: Tensor) -> Tensor:
            return resize(clip, size, pick(self.methods))

        last: list[Operation | None] = [to_lr, self.ringing]
        last = [self.compression, *last] if happens(0.5) else [*last, self.compression]
        for operation in (*self.operations.values(), *last):
            clip = operation(clip).clamp(0, 1) if operation is not None else clip
        return clip

    def recipe(self) -> dict[str, Any]:
        """Plain values that say how LR was made, for records and checkpoints."""
        chain = {name: _settings(operation) for name, operation in self._all().items()}
        return {"name": self.name, "scale": self.scale, "quantise": self.quantise, "methods": self.methods, **chain}

    def _all(self) -> dict[str, Operation]:
        last = {"compression": self.compression, "ringing": self.ringing}
        return self.operations | {name: operation for name, operation in last.items() if operation is not None}


def _settings(operation: Operation) -> dict[str, Any]:
    settings = {name: _plain(value) for name, value in vars(operation).items() if not name.startswith("_")}
    return {"operation": type(operation).__name__, **settings}


def _plain(value: Any) -> Any:
    if isinstance(value, Range):
        return [value.low, value.high, value.step]
    return {key: _plain(part) for key, part in value.items()} if isinstance(value, Mapping) else value
