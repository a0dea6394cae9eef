"""Runs on clips in memory, ours and basicsr's, that differ in nothing but who trains."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import lightning as L
import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from published_training import PublishedTraining

from vsr.data import ClipDataModule, SyntheticScenes
from vsr.heap import keep_freed_memory
from vsr.resolvers import register_resolvers
from vsr.training.build import build_module
from vsr.training.draws import Draws
from vsr.training.metrics_csv import MetricsCSV
from vsr.training.module import VideoSuperResolution

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
SCALE = 4


@dataclass(frozen=True)
class Sizes:
    """Of the generator and of its clips; ``size`` is the side of an LR frame."""

    channels: int
    blocks: int
    frames: int
    size: int
    batch: int
    workers: int

    @property
    def description(self) -> str:
        """In words."""
        clips = f"{self.batch} x {self.frames} frames of {SCALE * self.size} px"
        return f"BasicVSR of {self.channels} channels and {self.blocks} blocks, {clips}"


@dataclass(frozen=True)
class KeptClip:
    """A clip in memory."""

    name: str
    pictures: np.ndarray  # (T, H, W, 3) uint8

    @property
    def length(self) -> int:
        """See `vsr.data.clip.Clip`."""
        return len(self.pictures)

    @property
    def size(self) -> tuple[int, int]:
        """See `vsr.data.clip.Clip`."""
        _, height, width, _ = self.pictures.shape
        return height, width

    def read(self, indices: Sequence[int]) -> np.ndarray:
        """See `vsr.data.clip.Clip`."""
        return self.pictures[list(indices)]


def clips(sizes: Sizes) -> list[KeptClip]:
    """Two synthetic scenes, a little longer and larger than what is taken from them."""
    scenes = SyntheticScenes(clips=2, frames=sizes.frames + 2, size=SCALE * (sizes.size + 8), seed=0)
    return [KeptClip(scene.name, scene.read(range(scene.length))) for scene in scenes]


class Run:
    """What `vsr.training.train` does, short of validation, checkpoints and pictures.

    Args:
        sizes: of generator and clips.
        overrides: of the configuration.
    """

    def __init__(self, sizes: Sizes, *overrides: str) -> None:
        register_resolvers()
        typed = (
            "generator=basicvsr",
            f"generator.channels={sizes.channels}",
            f"generator.blocks={sizes.blocks}",
            "generator.flow.weights=random",
            "optimizer=basicvsr",
            f"data.crop={SCALE * sizes.size}",
            "metrics=[psnr]",
            "output_dir=unused",
        )
        with hydra.initialize_config_dir(str(CONFIGS), version_base="1.3"):
            composed = hydra.compose("train", overrides=[*typed, *overrides])
        self.config: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
        torch.manual_seed(0)
        self.sizes = sizes
        self.module: VideoSuperResolution = build_module(self.config)[0]
        if self.config["compile"]:
            self.module.generator.compile()

    def fit(self, length: int, log_every: int, *callbacks: L.Callback) -> None:
        """Train for ``length`` steps."""
        sizes = self.sizes
        crop = SCALE * sizes.size
        data = ClipDataModule(clips(sizes), None, "kept", SCALE, sizes.frames, crop, sizes.batch, 0, sizes.workers)
        data.batches = length
        node = self.config["trainer"] | {"max_steps": length, "val_every": length, "log_every": log_every}
        with tempfile.TemporaryDirectory() as folder:
            trainer = instantiate(
                node,
                loggers=[MetricsCSV(Path(folder), 0)],
                callbacks=[Draws(0), instantiate(self.config["callbacks"]["health"])],
                output_dir=folder,
                limit_val_batches=0,
            )
            if trainer.strategy.root_device.type == "cpu":
                keep_freed_memory()  # of the process, and so of all contenders
            trainer.progress_bar_callback.disable()
            trainer.callbacks.extend(callbacks)  # last: whatever is done at the end of a batch is done by then
            trainer.fit(self.module, datamodule=data)


def published(sizes: Sizes) -> PublishedTraining:
    """Basicsr's loop on the same clips."""
    degrade = instantiate(OmegaConf.load(CONFIGS / "degradation" / "bicubic.yaml"), scale=SCALE)
    pairs = []
    for clip in clips(sizes):
        hr = torch.from_numpy(clip.pictures).permute(0, 3, 1, 2)[None].float() / 255
        lr = degrade(hr)[0].mul(255).round().byte().permute(0, 2, 3, 1).contiguous()
        pairs.append((clip.pictures, lr.numpy()))
    crop = SCALE * sizes.size
    return PublishedTraining(pairs, sizes.channels, sizes.blocks, sizes.frames, crop, sizes.batch, sizes.workers)
