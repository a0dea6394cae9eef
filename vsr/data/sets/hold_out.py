"""Clips kept out of training to validate on."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vsr.data.broken import BrokenFileError
from vsr.data.clip import Clip, Clips
from vsr.data.excerpt import Excerpt
from vsr.errors import UserError, nearest

log = logging.getLogger(__name__)


def hold_out(
    clips: Sequence[Clip], names: Sequence[str] | None = None, smallest: int = 0, of: str = "data.root"
) -> tuple[Clips, Clips]:
    """(training clips, validation clips) of one source.

    Args:
        clips: the source. What it found broken goes with the training clips.
        names: of the validation clips. None: the last clip that is large enough validates or, of a single clip, the
            last fifth of its frames. Of a video (clips with an equal attribute ``video``) that validates nothing
            trains, unless all clips are of such.
        smallest: side in pixels from which on a clip is large enough to validate on.
        of: where the clips are from, for messages: of several sources, each says so.

    Raises:
        UserError: a name that no clip has, no clip left to train on, or a single clip of a single frame.
    """
    broken = getattr(clips, "broken", ())
    if names is not None:
        train, val = _by_name(clips, names)
        return Clips(train, broken), Clips(val)
    last = ([clip for clip in clips if min(clip.size) >= smallest] or clips)[-1]
    if len(clips) == 1:
        return _last_frames(last, broken, of)
    val = [clip for clip in clips if _video(clip) == _video(last)]
    if len(val) == len(clips):
        val = [last]  # all of one video: no better can be had
    held_out = {clip.name for clip in val}
    log.info(f"no val_root is set: of '{of}', held out for validation: {_listed(val)}")
    return Clips([clip for clip in clips if clip.name not in held_out], broken), Clips(val)


def _last_frames(clip: Clip, broken: Sequence[BrokenFileError], of: str) -> tuple[Clips, Clips]:
    cut = clip.length - max(1, clip.length // 5)
    if cut < 1:
        raise UserError(f"Clip '{clip.name}' has one frame: too short to train and validate on. Set data.val_root.")
    frames = f"frames {cut} to {clip.length - 1} of clip '{clip.name}'"
    log.info(f"no val_root is set: of '{of}', held out for validation: {frames}")
    return Clips([Excerpt(clip, 0, cut)], broken), Clips([Excerpt(clip, cut, clip.length)])


def _by_name(clips: Sequence[Clip], names: Sequence[str]) -> tuple[list[Clip], list[Clip]]:
    by_name = {clip.name: clip for clip in clips}
    for name in names:
        if name not in by_name:
            raise UserError(f"data.val_clips: there is no clip '{name}'.{nearest(name, list(by_name)[:20])}")
    others = [clip for clip in clips if clip.name not in set(names)]
    if not others:
        raise UserError("data.val_clips holds out every clip: leave some to train on.")
    val = [by_name[name] for name in names]
    videos = {_video(clip) for clip in val}
    train = [clip for clip in others if _video(clip) not in videos]
    if not train:
        log.warning("training and validation clips are of the same videos: there are no others")
        return others, val
    if len(train) < len(others):
        log.info(f"{len(others) - len(train)} clips of the same videos as those of data.val_clips do not train")
    return train, val


def _video(clip: Clip) -> str:
    return getattr(clip, "video", clip.name)


def _listed(clips: Sequence[Clip]) -> str:
    first = f"clip '{clips[0].name}'"
    return first if len(clips) == 1 else f"{first} and {len(clips) - 1} more of that video"
