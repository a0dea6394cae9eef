"""The sample videos: three short public clips that come with a Python package, so that training starts at once."""

from dataclasses import replace

from vsr import assets
from vsr.data.clip import Clips
from vsr.data.excerpt import Excerpt
from vsr.data.files.video import VideoClip
from vsr.data.files.video_examination import counted_facts
from vsr.errors import choose

SPLITS = {"train": ("bikes", "bigbuckbunny"), "val": ("carphone",)}
CUTS = {"bikes": (30, 76, 137, 187, 242)}
"""Of the videos with more than one shot: written down, so that no first run waits for their being found."""


class SampleVideos(Clips):
    """Fetched once (2 MB), then decoded into memory (0.5 GB for training, 9 MB for validation).

    Args:
        split: ``train`` (bikes 640x272, Big Buck Bunny 1280x720) or ``val`` (carphone 176x144).
        frames: only the first so many of each; None: all.
    """

    def __init__(self, split: str, frames: int | None = None) -> None:
        clips = [_clip(name) for name in SPLITS[choose("split", split, SPLITS)]]
        super().__init__(clips if frames is None else [Excerpt(clip, 0, min(frames, clip.length)) for clip in clips])


def _clip(name: str) -> VideoClip:
    path = assets.fetch(f"sample_{name}")
    facts = replace(counted_facts(path), cuts=CUTS.get(name, ()))
    return VideoClip(path, keep_in_memory=True, name=name, facts=facts)
