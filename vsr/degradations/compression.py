"""Compression of a clip by a random video codec."""

import logging
from collections.abc import Mapping, Sequence
from math import exp, log

import torch
from torch import Tensor

from vsr.degradations.draw import Range, check_weights, pick
from vsr.degradations.jpeg import jpeg
from vsr.degradations.video_codec import CODECS, CodecError, through_codec
from vsr.errors import UserError

logger = logging.getLogger(__name__)
FALLBACK_QUALITY = 50.0


class Compression:
    """Codes a clip with one codec, at one average bit rate. Where a codec fails, each frame becomes a JPEG of quality
    50 instead, and `failures` counts it.

    Args:
        codecs: weights of ``h264``, ``mpeg4``, ``hevc`` and ``av1``. Those that this build of PyAV cannot encode are
            left out, with a warning.
        bits_per_pixel: ``[low, high]``; its logarithm is drawn uniformly.

    Raises:
        UserError: a value out of range, or none of the codecs is in this build.
    """

    def __init__(self, codecs: Mapping[str, float], bits_per_pixel: Sequence[float]) -> None:
        wanted = check_weights("compression.codecs", codecs, tuple(CODECS))
        self.codecs = {name: weight for name, weight in wanted.items() if weight and CODECS[name].available}
        missing = [name for name, weight in wanted.items() if weight and name not in self.codecs]
        if not self.codecs:
            present = ", ".join(name for name, codec in CODECS.items() if codec.available) or "none"
            raise UserError(
                f"compression.codecs: PyAV has no encoder for {', '.join(missing)} here. It has: {present}."
            )
        if missing:
            logger.warning(f"compression.codecs: left out, PyAV has no encoder for it here: {', '.join(missing)}")
        self.bits_per_pixel = Range.parse("compression.bits_per_pixel", bits_per_pixel, lowest=0.001)
        self._failures = 0

    @property
    def failures(self) -> int:
        """Clips that a codec failed on."""
        return self._failures

    def __call__(self, clip: Tensor) -> Tensor:
        """(T, 3, H, W) in [0, 1] -> the same, float32."""
        name = pick(self.codecs)
        rate = exp(Range(log(self.bits_per_pixel.low), log(self.bits_per_pixel.high)).draw())
        frames = clip.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        try:
            decoded = through_codec(frames, CODECS[name], rate)
        except CodecError as error:
            self._failures += 1
            logger.warning(f"{error}; JPEG instead ({self._failures} clips so far)")
            return jpeg(clip, torch.full((len(clip),), FALLBACK_QUALITY))
        return torch.from_numpy(decoded).to(clip.device).permute(0, 3, 1, 2).float() / 255
