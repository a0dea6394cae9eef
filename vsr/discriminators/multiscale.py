"""The same judge at several resolutions (pix2pixHD: Wang et al., CVPR 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

from vsr.discriminators.compensation import compensated_triplets
from vsr.discriminators.context import Context
from vsr.discriminators.discriminator import Discriminator, check_size
from vsr.discriminators.judgement import Judgement
from vsr.errors import UserError, choose
from vsr.motion.shared import FlowEstimator

READS = ("frames", "clip")
CONDITIONS = ("none", "lr")
RGB = 3


class MultiScale(nn.Module):
    """Several discriminators of one kind, each on a picture half as large as the one before.

    Args:
        discriminator: builds one discriminator, ``discriminator(in_channels=...)``; called once a scale.
        scales: how many resolutions, full resolution first.
        reads: ``frames`` judges each frame by itself (N, C, H, W), ``clip`` the whole clip (N, C, T, H, W).
        condition: ``lr`` shows it the LR frames too, upsampled bilinearly, as further channels; ``none`` does not.
        compensate: motion estimator, e.g. ``vsr.motion.dis``: judge each frame between its neighbours warped onto it
            (`compensated_triplets`), as one frame of three times the channels or as a clip of three frames. The
            motion is HR's. None: judge the clip as it is.
        weight: of its verdict among those of all discriminators, in adversarial loss and feature matching.
        checkpoint: recompute activations in the backward pass rather than keep them; a `Judgement` then has no
            features.

    Raises:
        UserError: an unknown way of reading or condition, no scale, or a negative weight.
    """

    def __init__(
        self,
        discriminator: Callable[..., Discriminator],
        scales: int = 2,
        reads: str = "frames",
        condition: str = "none",
        compensate: FlowEstimator | None = None,
        weight: float = 1.0,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        if scales < 1:
            raise UserError(f"a discriminator of scales={scales} judges nothing: at least 1")
        if weight < 0:
            raise UserError(f"a discriminator's weight={weight} must be at least 0")
        self.reads = choose("reads", reads, READS)
        self.conditioned = choose("condition", condition, CONDITIONS) == "lr"
        self.compensate = compensate
        self.loss_weight = weight
        self.checkpoint = checkpoint
        judges = [discriminator(in_channels=self._channels()) for _ in range(scales)]
        self.discriminators = nn.ModuleList(judges)
        # Halving rounds up.
        self._smallest = [(judge.smallest - 1) * 2**scale + 1 for scale, judge in enumerate(judges)]
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)

    def _channels(self) -> int:
        channels = 2 * RGB if self.conditioned else RGB
        return 3 * channels if self.compensate and self.reads == "frames" else channels

    @property
    def smallest(self) -> int:
        """Shortest side of a frame, in pixels, that every scale can judge."""
        return max(self._smallest)

    def forward(self, video: Tensor, context: Context | None = None) -> list[Judgement]:
        """Video (B, T, 3, H, W) to one `Judgement` a scale, full resolution first.

        Args:
            video: HR or SR, in [0, 1].
            context: of the batch; needed with ``condition`` or ``compensate`` only.

        Raises:
            UserError: the frames are too small for one of the scales.
            ValueError: the context is needed and missing.
        """
        return self._judge(self._shown(video, context))

    def judge_pair(
        self, real: Tensor, fake: Tensor, context: Context | None = None
    ) -> tuple[list[Judgement], list[Judgement]]:
        """What it says of ``real`` and of ``fake``, as `forward`, both in one batch and by the same weights.

        Two passes in training would be by two weights, for spectral norm makes a power iteration a pass.
        """
        both = self._judge(torch.cat((self._shown(real, context), self._shown(fake, context))))
        halves = [_halves(judgement) for judgement in both]
        return [on_real for on_real, _ in halves], [on_fake for _, on_fake in halves]

    def _shown(self, video: Tensor, context: Context | None) -> Tensor:
        """What the discriminators see of the video, clips (N, T', C, H, W) at full resolution."""
        for scale, smallest in enumerate(self._smallest, start=1):
            check_size(f"Scale {scale} of {len(self._smallest)} of the discriminator", video, smallest)
        if self.conditioned:
            video = torch.cat((video, _upsampled(self._needed(context).lr, video)), dim=2)
        if self.compensate is None:
            return video
        if video.shape[1] == 1:
            triplets = video[:, :, None].expand(-1, -1, 3, -1, -1, -1)
        else:
            triplets = compensated_triplets(video, self._needed(context).motion(self.compensate))
        return triplets.flatten(2, 3) if self.reads == "frames" else triplets.flatten(0, 1)

    def _needed(self, context: Context | None) -> Context:
        if context is None:
            raise ValueError("a discriminator with condition=lr or compensate needs the context of the batch")
        return context

    def _judge(self, clips: Tensor) -> list[Judgement]:
        """Clips (N, T, C, H, W) to one `Judgement` a scale."""
        shape = clips.shape[:2]
        frames = clips.flatten(0, 1)
        judgements = []
        for scale, discriminator in enumerate(self.discriminators):
            if scale > 0:
                frames = self.halve(frames)
            seen = frames if self.reads == "frames" else frames.unflatten(0, shape).transpose(1, 2)
            judgements.append(_recomputed(discriminator, seen) if self.checkpoint else discriminator(seen))
        return judgements


def _recomputed(discriminator: nn.Module, seen: Tensor) -> Judgement:
    """Logits alone: whoever keeps the features keeps the memory."""

    judge = cast(Discriminator, discriminator)

    def logits(x: Tensor, *weights: Tensor) -> Tensor:
        return judge.judge(x, weights).logits

    # The weights are read here, for in the backward pass spectral norm would make others.
    return Judgement(recompute(logits, seen, *judge.weights(), use_reentrant=False, preserve_rng_state=False), [])


def _upsampled(lr: Tensor, video: Tensor) -> Tensor:
    """LR (B, T, 3, h, w) at the size of ``video``, bilinear."""
    upsampled = F.interpolate(lr.flatten(0, 1), video.shape[-2:], mode="bilinear", align_corners=False)
    return upsampled.unflatten(0, lr.shape[:2]).to(video.dtype)


def _halves(judgement: Judgement) -> tuple[Judgement, Judgement]:
    """Of a batch, its first half and its second."""
    first, second = judgement.logits.chunk(2)
    features = [feature.chunk(2) for feature in judgement.features]
    return Judgement(first, [half for half, _ in features]), Judgement(second, [half for _, half in features])
