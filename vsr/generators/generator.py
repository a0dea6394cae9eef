"""What every generator owes the trainer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from torch import Tensor, nn

from vsr.errors import UserError
from vsr.generators.latent import Latent
from vsr.generators.modulation import Modulation

SCALES = (2, 3, 4)


class Generator(nn.Module, ABC):
    """A network ``forward(lr (B, T, 3, h, w)) -> sr (B, T, 3, scale*h, scale*w)``, both in [0, 1] (SR not clamped).

    Args:
        scale: 2, 3 or 4.
        channels: width of the features that SR is reconstructed from, on which a `Modulation` acts.

    Raises:
        UserError: another scale.
    """

    min_size: ClassVar[int] = 16
    """Smallest LR height and width."""
    causal: bool = False
    """Whether frame t of SR depends on no later frame of LR; then there is ``step(lr, state)``, too."""
    has_windows: ClassVar[bool] = False
    """Whether a clip can be taken window by window, by ``window(lr, count, past)``."""
    has_latent: ClassVar[bool] = False
    """Whether SR also depends on a random latent; see `draw_prior` and `draw_posterior`."""

    def __init__(self, scale: int, channels: int) -> None:
        super().__init__()
        if scale not in SCALES:
            raise UserError(f"scale={scale} is not built. Valid: {', '.join(map(str, SCALES))}.")
        self.scale = scale
        self.channels = channels
        self.given_flow: tuple[Tensor, ...] = ()

    @abstractmethod
    def forward(self, lr: Tensor, modulation: Modulation | None = None) -> Tensor:
        """SR (B, T, 3, scale*h, scale*w), not clamped, of LR (B, T, 3, h, w) in [0, 1]; any T from 1 on.

        Args:
            lr: the clip.
            modulation: of the features that each frame is reconstructed from.

        Raises:
            UserError: frames smaller than ``min_size``.
        """

    def draw_prior(self, lr: Tensor) -> Tensor:
        """SR (B, T, 3, scale*h, scale*w) of a generator with a latent, z drawn from p(z | LR)."""
        raise NotImplementedError(f"{type(self).__name__} has no latent")

    def draw_posterior(self, lr: Tensor, hr: Tensor) -> tuple[Tensor, Latent]:
        """SR as a generator with a latent is trained on: z is drawn from q(z | LR, HR), returned with p(z | LR).

        Args:
            lr: (B, T, 3, h, w).
            hr: its original, (B, T, 3, scale*h, scale*w).
        """
        raise NotImplementedError(f"{type(self).__name__} has no latent")

    def step(self, lr: Tensor, state: Any = None, modulation: Modulation | None = None) -> tuple[Tensor, Any]:
        """SR of the next frame of a stream, of a causal generator, and the state to give with the frame after it.

        Args:
            lr: (B, 3, h, w).
            state: what the last step returned; None begins a stream.
            modulation: of this frame's features, (B, channels, h, w).
        """
        raise UserError(
            f"{type(self).__name__} is not causal: it cannot take a stream frame by frame; train generator=recurrent"
        )

    def window(self, lr: Tensor, count: int, past: Any = None) -> tuple[Tensor, Any]:
        """SR (B, count, 3, scale*h, scale*w) of the first frames of a window of a longer clip, and what to give with
        the window that begins with the frame after them. The frames beyond are only seen.

        Args:
            lr: (B, T, 3, h, w), T at least ``count``.
            count: at least 1.
            past: what the last window returned; None begins a clip.
        """
        raise NotImplementedError(f"{type(self).__name__} has no windows")

    def flow_of(self, lr: Tensor) -> tuple[Tensor, ...]:
        """The flows that it estimates of the clip ``lr`` (B, T, 3, h, w), each (B, T-1, 2, h, w)."""
        return ()

    @contextmanager
    def with_flow(self, flows: tuple[Tensor, ...]) -> Iterator[None]:
        """Within: `forward`, `step` and `window` take ``flows`` instead of estimating them, parts of `flow_of` a whole
        picture where they are given a tile of it. Of `step` T is 2: the last frame and this; of `window` it counts
        the frame before the window, if there is one."""
        self.given_flow = flows
        try:
            yield
        finally:
            self.given_flow = ()

    def flow_parameters(self) -> list[nn.Parameter]:
        """Parameters of a flow estimator, which have their own learning rate."""
        return []

    @property
    def flow_is_pretrained(self) -> bool:
        """Whether the flow estimator knew its work before training, so that it may stand still at first."""
        return False

    def check_input(self, lr: Tensor) -> None:
        """Raise `UserError` if the frames of ``lr`` (B, T, 3, h, w) are too small."""
        if lr.ndim != 5 or lr.shape[2] != 3 or 0 in lr.shape:
            raise ValueError(f"lr must be (B, T, 3, h, w), not {tuple(lr.shape)}.")
        h, w = lr.shape[3:]
        if min(h, w) < self.min_size:
            raise UserError(
                f"LR frames of {w}x{h} are too small: width and height must be at least {self.min_size} "
                f"({self.min_size * self.scale} at high resolution)."
            )
