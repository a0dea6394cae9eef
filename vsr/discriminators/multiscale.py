"""The same judge at several resolutions (pix2pixHD: Wang et al., CVPR 2018, section 3.2)."""

from collections.abc import Callable

from torch import Tensor, nn

from vsr.discriminators.judgement import Judgement
from vsr.errors import choose

READS = ("frames", "clip")


class MultiScale(nn.Module):
    """Several discriminators of one kind, each on a picture half as large as the one before.

    Args:
        discriminator: builds one discriminator; called once a scale.
        scales: how many resolutions, full resolution first.
        reads: ``frames`` judges each frame by itself (N, C, H, W), ``clip`` the whole clip (B, C, T, H, W).
    """

    def __init__(self, discriminator: Callable[[], nn.Module], scales: int = 2, reads: str = "frames") -> None:
        super().__init__()
        self.reads = choose("reads", reads, READS)
        self.discriminators = nn.ModuleList(discriminator() for _ in range(scales))
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)

    def forward(self, video: Tensor) -> list[Judgement]:
        """Video (B, T, C, H, W) to one `Judgement` a scale, full resolution first."""
        clips = video.shape[:2]
        frames = video.flatten(0, 1)
        judgements = []
        for level, discriminator in enumerate(self.discriminators):
            if level > 0:
                frames = self.halve(frames)
            seen = frames if self.reads == "frames" else frames.unflatten(0, clips).transpose(1, 2)
            judgements.append(discriminator(seen))
        return judgements
