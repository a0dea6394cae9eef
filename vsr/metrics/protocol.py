"""Protocols: which frames are measured, what is done to them first, and how their values are averaged.

Numbers compare only under the same protocol. Under each of them a clip's value is the mean over its frames, and a
set's is the mean over its clips, long and short ones alike (BasicSR and mmagic do so; TecoGAN's script prints this
mean and one over all frames).
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from vsr.errors import UserError, choose
from vsr.metrics.colour import quantise


@dataclass(frozen=True)
class Protocol:
    """One way to measure.

    Args:
        name: written into results beside the numbers.
        colour: whether papers print PSNR and SSIM of ``rgb`` or of ``y`` (BT.601 luma, studio swing) under this name.
        border: how many pixels to leave out on each side, at least.
        quantise: round to 8 bits first, as a picture file would.
        multiple: leave out more, evenly, until each side is a multiple of this.
        dropped: how many frames to leave out at either end of a clip.
        centre: measure only the frame in the middle of each clip.
        source: where it is laid down.
    """

    name: str
    colour: Literal["rgb", "y"] = "rgb"
    border: int = 0
    quantise: bool = True
    multiple: int = 1
    dropped: int = 0
    centre: bool = False
    source: str = ""

    @property
    def headline(self) -> tuple[str, str]:
        """The metrics that papers print under this name."""
        return ("psnr_y", "ssim_y") if self.colour == "y" else ("psnr", "ssim")

    @property
    def caption(self) -> str:
        """One line for a table: what was done."""
        papers = f" (papers: {' and '.join(self.headline)})" if self != PLAIN else ""
        rounding = "8 bits" if self.quantise else "unrounded"
        border = f"border {self.border} px" if self.border else "no border"
        if self.multiple > 1:
            border += f" or more, to a multiple of {self.multiple} px"
        frames = f"without {self.dropped} frames at either end" if self.dropped else "all frames"
        if self.centre:
            frames = "centre frame"
        return f"{self.name}{papers}: {rounding}, {border}, {frames}, mean over frames, then over clips"

    def frames(self, length: int) -> range:
        """Numbers of the frames that count in a clip of ``length`` frames.

        Raises:
            UserError: none does.
        """
        counted = range(length)[self.dropped : length - self.dropped] if length > 2 * self.dropped else range(0)
        if self.centre:
            counted = range(length)[length // 2 :][:1]
        if not counted:
            raise UserError(
                f"protocol={self.name} leaves out {self.dropped} frames at either end, and a clip of {length} has no "
                "other. Leave the clip out, or choose another protocol."
            )
        return counted

    def rounded(self, frames: Tensor) -> Tensor:
        """Whole frames in [0, 1], in float32, as they are to be measured."""
        return quantise(frames.float()) if self.quantise else frames.float()

    def cropped(self, x: Tensor) -> Tensor:
        """What counts of frames or flow fields (..., H, W).

        Raises:
            UserError: nothing does.
        """
        height, width = x.shape[-2:]
        inner = [(side - 2 * self.border) // self.multiple * self.multiple for side in (height, width)]
        if min(inner) <= 0:
            raise UserError(f"protocol={self.name} leaves nothing of a frame of {width}x{height} px.")
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        return x[..., top : top + inner[0], left : left + inner[1]]


_BASICVSR = "BasicVSR (Chan et al., CVPR 2021), as BasicSR and mmagic compute it"

PLAIN = Protocol("plain", source="this project: every metric under its own name, nothing left out")

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        PLAIN,
        Protocol("reds4-rgb", source=_BASICVSR),
        Protocol("vid4-y", colour="y", source=_BASICVSR),
        Protocol("udm10-y", colour="y", source=_BASICVSR),
        Protocol("vimeo90k-y-centre", colour="y", centre=True, source=f"{_BASICVSR}, and Xue et al., IJCV 2019"),
        Protocol(
            "tecogan",
            colour="y",
            border=8,
            multiple=32,
            dropped=2,
            source="TecoGAN (Chu et al., SIGGRAPH 2020), metrics.py of the published code",
        ),
    )
}


def protocol_named(name: str) -> Protocol:
    """The protocol that a config calls ``name``.

    Raises:
        UserError: there is none.
    """
    return PROTOCOLS[choose("protocol", name, PROTOCOLS)]
