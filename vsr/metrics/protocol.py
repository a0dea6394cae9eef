"""What is done to the frames before they are measured; numbers compare only under the same protocol."""

from dataclasses import dataclass

from torch import Tensor

from vsr.metrics.colour import quantise


@dataclass(frozen=True)
class Protocol:
    """How SR and HR are prepared for full-reference metrics.

    Args:
        name: written into results beside the numbers.
        border: how many pixels to leave out on each side.
        quantise: round to 8 bits first, as a picture file would.
    """

    name: str
    border: int
    quantise: bool

    def prepare(self, frames: Tensor) -> Tensor:
        """Frames (..., H, W) in [0, 1] as they are to be measured."""
        height, width = frames.shape[-2:]
        inner = frames[..., self.border : height - self.border, self.border : width - self.border]
        return quantise(inner) if self.quantise else inner


PLAIN = Protocol("plain", border=0, quantise=True)
"""Rounded to 8 bits, whole frames, all frames: BasicVSR's for REDS4, Vid4 and UDM10."""
