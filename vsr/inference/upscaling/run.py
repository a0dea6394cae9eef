"""From the config to the upscaled file."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from vsr.errors import UserError
from vsr.generators import Generator
from vsr.generators.load import load_generator
from vsr.inference.device import choose_device, peak_memory
from vsr.inference.temperature import set_temperature
from vsr.inference.upscaling.frame import About, Frame, Source
from vsr.inference.upscaling.picture_source import PictureSource, pictures_of
from vsr.inference.upscaling.plan import Plan, make_plan
from vsr.inference.upscaling.request import check_settings, outputs
from vsr.inference.upscaling.shots import shots
from vsr.inference.upscaling.sink import Sink, open_sink
from vsr.inference.upscaling.stopping import Stopped, Stopping
from vsr.inference.upscaling.super_resolver import SuperResolver
from vsr.inference.upscaling.video_source import VideoSource
from vsr.inference.upscaling.wipe import wipe

log = logging.getLogger(__name__)


def upscale(cfg: DictConfig) -> None:
    """Write ``cfg.input``, super-resolved by ``cfg.ckpt``, to ``cfg.output``.

    Raises:
        UserError: anything in ``cfg`` or on disk that the user can mend.
        SystemExit: stopped by SIGINT, SIGTERM or SIGHUP; what was made until then plays.
    """
    with contextlib.suppress(OSError):
        Path(cfg.output_dir).rmdir()  # Hydra made it for a scoring's results
    check_settings(cfg)
    output, comparison = outputs(cfg)
    source = open_source(str(cfg.input), cfg.fps)
    generator = _generator(cfg)
    device = choose_device(cfg.device)
    try:
        generator.to(device)
        plan = make_plan(generator, device, source.about.size, cfg.window, cfg.overlap, cfg.tile, cfg.margin)
        resolver = SuperResolver(generator, device, source.about.size, plan, cfg.seed)
    except torch.OutOfMemoryError as error:
        raise UserError(f"{device} has no memory left for {cfg.ckpt}; end what uses it, or set device=cpu") from error
    about = _enlarged(source.about, generator.scale)
    log.info(_said_before(source, about, plan, generator, device))
    begun = time.monotonic()
    with Stopping() as stopping:
        sinks: list[Sink] = []
        try:
            with stopping.undisturbed():  # else a scratch file could stay of which nobody knows
                for path in (output, comparison) if comparison else (output,):
                    sinks.append(open_sink(path, about, cfg.codec, cfg.crf))
            count = _upscale(source, resolver, sinks, stopping)
            stopping.ignore_more()
            while sinks:
                sinks[0].finish()
                del sinks[0]
        except BaseException as error:
            stopping.ignore_more()
            for sink in sinks:
                _stop(sink)
            if isinstance(error, Stopped):
                raise SystemExit(128 + error.number) from None
            raise
    seconds, (height, width) = time.monotonic() - begun, about.size
    log.info(
        f"wrote {output}{f' and {comparison}' if comparison else ''}: {count} frames of {width}x{height}, "
        f"{seconds / count:.3g} s a frame, peak memory {peak_memory(device) / 2**20:.0f} MiB"
    )


def open_source(given: str, fps: float) -> Source:
    """What ``given`` names: a video, a folder of pictures, or a pattern of them, shown at ``fps``.

    Raises:
        UserError: there is nothing, or it cannot be read.
    """
    if pictures := pictures_of(given):
        return PictureSource(pictures, fps)
    path = Path(given).expanduser()
    if not path.exists():
        raise UserError(f"input={given} does not exist. Set it to a video, a folder of frames or a pattern of them.")
    return VideoSource(path)


def _generator(cfg: DictConfig) -> Generator:
    generator, weights = load_generator(cfg.ckpt)
    if cfg.scale not in (None, generator.scale):
        raise UserError(f"scale={cfg.scale}: {cfg.ckpt} was trained for x{generator.scale}; leave scale unset")
    set_temperature(generator, cfg.temperature)
    if weights.degradation:
        log.info(f"{cfg.ckpt} was trained on LR by degradation={weights.degradation['name']}")
    return generator


def _upscale(source: Source, resolver: SuperResolver, sinks: Sequence[Sink], stopping: Stopping) -> int:
    """Take every frame from ``source`` to the first of ``sinks`` and, beside bicubic, to the second; their number."""
    waiting: deque[Frame] = deque()  # read, and not written yet

    def pictures() -> Iterator[np.ndarray]:
        for frame in source.frames():
            waiting.append(frame)
            yield frame.picture

    columns = (
        TextColumn("upscaling"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    count = 0
    with Progress(*columns) as progress:
        bar = progress.add_task("upscaling", total=source.expected)
        for shot in shots(pictures()):
            for sr in resolver.shot(shot):
                given = waiting.popleft()
                with stopping.undisturbed():
                    sinks[0].write(given._replace(picture=sr))
                    for sink in sinks[1:]:
                        seconds = float(given.time * source.about.time_base)
                        sink.write(given._replace(picture=wipe(given.picture, sr, seconds)))
                count += 1
                progress.advance(bar)
        progress.update(bar, total=count)
    return count


def _stop(sink: Sink) -> None:
    try:
        kept = sink.stop()
    except Exception as error:  # whatever it is: there may be another sink to stop, and what led here is raised
        log.warning(str(error))
        return
    if kept:
        log.info(f"what was upscaled until now is in {kept}")


def _enlarged(about: About, scale: int) -> About:
    return replace(about, size=(scale * about.size[0], scale * about.size[1]))


def _said_before(source: Source, about: About, plan: Plan, generator: Generator, device: torch.device) -> str:
    (height, width), (tall, wide) = source.about.size, about.size
    parts = [f"{source.name}: {width}x{height} to {wide}x{tall} by {type(generator).__name__} on {device}"]
    parts.append("frame by frame" if generator.causal else f"windows of {plan.window} frames, {plan.overlap} overlap")
    if plan.tile is not None:
        parts.append(f"tiles of {plan.tile} pixels, {plan.margin} margin")
    return ", ".join(parts)
