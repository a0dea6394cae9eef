"""What the model will really see: a contact sheet and a video of LR beside HR, after augmentation."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table

from vsr.data.batch import hr_and_lr
from vsr.data.clip_sampler import ClipDraw
from vsr.data.datamodule import ClipDataModule
from vsr.degradations.per_clip import Degradation
from vsr.errors import UserError
from vsr.inference.contact_sheet import SeenClip, contact_sheet, video_frames
from vsr.inference.media import write_video
from vsr.seeds import seed_all
from vsr.whole_file import whole_file

FPS = 10  # slow enough to look at
TURNED = {"mirror_x": "mirrored", "mirror_y": "upside down", "transpose": "transposed", "reverse": "backwards"}

MOST_NAMES = 4

log = logging.getLogger(__name__)


def preview(cfg: DictConfig) -> list[SeenClip]:
    """Write ``preview.png`` and ``preview.mp4`` of the first ``cfg.clips`` items that a training of ``cfg.seed`` sees
    or, of data for evaluation only, of the first clips; print a table of them.

    Raises:
        UserError: anything in ``cfg`` or on disk that the user can mend.
    """
    if cfg.clips < 1:
        raise UserError(f"clips={cfg.clips} is too low: it must be at least 1")
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    datamodule, degradation = instantiate(config["data"]), instantiate(config["degradation"])
    # Items do not depend on either: one an item is known by its number, and no process is worth starting.
    datamodule.batch_size, datamodule.workers = 1, 0
    for line in _summary(datamodule):
        log.info(line)
    items = _training_items if datamodule.train_clips else _evaluation_clips
    seen = list(islice(items(datamodule, degradation, cfg.seed), cfg.clips))
    if not seen:
        raise UserError(f"data={datamodule.name}: none of its clips can be read")
    output_dir = Path(cfg.output_dir)
    png, mp4 = output_dir / "preview.png", output_dir / "preview.mp4"
    with whole_file(png) as part:
        contact_sheet(seen).save(part, "PNG")
    write_video(mp4, video_frames(seen), FPS)
    clips: Any = datamodule.train_clips or datamodule.val_clips
    origin = "given LR" if clips.brings_lr else f"LR by {degradation.name}"
    Console().print(_table(seen, f"{datamodule.name}, {origin}"))
    log.info(f"wrote {png} and {mp4}")
    return seen


def _summary(datamodule: ClipDataModule) -> Iterator[str]:
    """What trains and what validates."""
    held_out = [clip.name for clip in datamodule.val_clips.clips] if datamodule.val_clips else []
    more = f" and {len(held_out) - MOST_NAMES} more" if len(held_out) > MOST_NAMES else ""
    validates = f"validates on {', '.join(held_out[:MOST_NAMES]) or 'nothing'}{more}"
    if datamodule.train_clips is None:
        yield validates
        return
    clips, sampler = datamodule.train_clips.clips, datamodule.train_clips.sampler
    shots = sum(1 + len(clip.cuts) for clip in clips)
    yield f"trains on {len(clips)} clips, {shots} shots, {validates}"
    if sampler.stills:
        yield f"{sampler.stills} shots are shorter than data.frames={sampler.frames}: seen as wandering stills"


def _training_items(datamodule: ClipDataModule, degradation: Degradation, seed: int) -> Iterator[SeenClip]:
    """Items 0, 1, 2 … of training, on the path that training takes."""
    assert datamodule.train_clips is not None
    if getattr(degradation, "runs_in_workers", False):
        datamodule.degradation = degradation
    datamodule.batches = 2**31  # as many as are asked for
    for index, batch in enumerate(datamodule.train_dataloader()):
        _say_broken(batch, "Another clip is shown in its place.")
        hr, lr = hr_and_lr(batch, degradation)
        about = _about(datamodule.train_clips.sampler.draw(index, attempt=len(batch["broken"])))
        if datamodule.train_clips.mirror:
            about += ", there and back"
        if "codec_failures" in batch and batch["codec_failures"].any():
            about += ", JPEG because the codec failed"
        yield SeenClip(batch["name"][0], about, lr[0], hr[0])


def _evaluation_clips(datamodule: ClipDataModule, degradation: Degradation, seed: int) -> Iterator[SeenClip]:
    for clip in datamodule.val_dataloader():
        _say_broken(clip, "It is not shown.")
        if "hr" not in clip:
            continue
        hr, name = clip["hr"].float() / 255, clip["name"]
        if "lr" in clip:
            yield SeenClip(name, "given LR", clip["lr"].float() / 255, hr)
        else:
            seed_all(seed, zlib.crc32(name.encode()))  # as `Evaluator` draws
            yield SeenClip(name, f"{len(hr)} frames", degradation(hr[None])[0], hr)


def _about(draw: ClipDraw) -> str:
    """What of its clip an item shows, in words."""
    first, last = draw.frames[0], draw.frames[-1]
    if first == last:
        parts = [f"frame {first}" + (" under a moving window" if len(draw.windows) > 1 else "")]
    else:
        step = draw.frames[1] - first
        parts = [f"frames {first}-{last}" + (f" in steps of {step}" if step > 1 else "")]
    window = draw.windows[0]
    parts.append(f"at ({window.left}, {window.top})")
    return ", ".join(parts + [word for field, word in TURNED.items() if getattr(draw.augmentation, field)])


def _say_broken(item: dict[str, Any], consequence: str) -> None:
    for _, why in item.get("broken", ()):
        log.warning(f"broken: {why} {consequence}")


def _table(seen: list[SeenClip], title: str) -> Table:
    table = Table(title=title)
    table.add_column("clip", overflow="fold")
    for heading in ("HR", "LR", "LR's levels", "mean", "what of it"):
        table.add_column(heading)
    for clip in seen:
        sizes = [f"{video.shape[-1]}x{video.shape[-2]}" for video in (clip.hr, clip.lr)]
        low, high, mean = (f"{255 * float(level):.0f}" for level in (clip.lr.min(), clip.lr.max(), clip.lr.mean()))
        table.add_row(clip.name, *sizes, f"{low}-{high}", mean, clip.about)
    return table
