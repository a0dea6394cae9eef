"""The training loop of the package basicsr, on clips in memory."""

from __future__ import annotations

import importlib
import logging
import random
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from generators import published_basicvsr
from torch.utils.data import DataLoader, Dataset

STEPS = 300_000  # of its recipe


class PublishedTraining:
    """basicsr's own model, losses, optimiser, schedule, moving average and data loader, in the order of its train.py.

    Args:
        clips: (HR, LR) frames, uint8 ``(T, H, W, 3)`` each.
        channels: width of BasicVSR.
        blocks: its residual blocks a direction.
        frames: of a training clip.
        crop: side of a training clip in HR pixels.
        batch: clips a step.
        workers: reading processes.

    Raises:
        UserError: the package is not installed.
    """

    def __init__(
        self,
        clips: Sequence[tuple[np.ndarray, np.ndarray]],
        channels: int,
        blocks: int,
        frames: int,
        crop: int,
        batch: int,
        workers: int = 0,
    ) -> None:
        _import_training()
        network = {"type": "BasicVSR", "num_feat": channels, "num_block": blocks}
        self.model = importlib.import_module("basicsr.models.video_recurrent_model").VideoRecurrentModel(
            recipe(network, on_gpu=torch.cuda.is_available())
        )
        loader: DataLoader[dict[str, Any]] = DataLoader(
            PublishedClips(clips, frames, crop),
            batch,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context="fork" if workers else None,  # its modules, half of them stand-ins, do not pickle
            pin_memory=torch.cuda.is_available(),
        )
        self._batches = _endless(loader)
        self._current = 0

    def step(self) -> None:
        """What the loop of its train.py does between two batches; logging, every 100 steps there, left out."""
        batch = next(self._batches)
        self._current += 1
        self.model.update_learning_rate(self._current)
        self.model.feed_data(batch)
        self.model.optimize_parameters(self._current)


def recipe(network: dict[str, Any], on_gpu: bool) -> dict[str, Any]:
    """The options of its train_BasicVSR_REDS.yml."""
    return {
        "num_gpu": int(on_gpu),
        "dist": False,
        "is_train": True,
        "path": {},
        "network_g": network,
        "train": {
            "ema_decay": 0.999,
            "optim_g": {"type": "Adam", "lr": 2e-4, "weight_decay": 0, "betas": [0.9, 0.99]},
            "scheduler": {
                "type": "CosineAnnealingRestartLR",
                "periods": [STEPS],
                "restart_weights": [1],
                "eta_min": 1e-7,
            },
            "pixel_opt": {"type": "CharbonnierLoss", "loss_weight": 1.0, "reduction": "mean"},
            "fix_flow": 5000,
            "flow_lr_mul": 0.125,
        },
    }


class PublishedClips(Dataset[dict[str, Any]]):
    """basicsr's REDSRecurrentDataset from memory: its crop, augmentation and conversion.

    Cropped before the conversion to float, not after it as there, which is less work.
    """

    def __init__(self, clips: Sequence[tuple[np.ndarray, np.ndarray]], frames: int, crop: int) -> None:
        self.clips, self.frames, self.crop = clips, frames, crop
        self.transforms = importlib.import_module("basicsr.data.transforms")
        self.img2tensor = importlib.import_module("basicsr.utils.img_util").img2tensor

    def __len__(self) -> int:
        return 1000  # which clip an item is of is drawn

    def __getitem__(self, index: int) -> dict[str, Any]:
        hr, lr = random.choice(self.clips)
        start = random.randint(0, len(hr) - self.frames)
        pictures = [list(clip[start : start + self.frames]) for clip in (hr, lr)]
        hrs, lrs = self.transforms.paired_random_crop(*pictures, self.crop, hr.shape[1] // lr.shape[1])
        augmented = self.transforms.augment([picture.astype(np.float32) / 255 for picture in (*lrs, *hrs)])
        tensors = self.img2tensor(augmented)
        return {"lq": torch.stack(tensors[: self.frames]), "gt": torch.stack(tensors[self.frames :])}


def _endless(loader: DataLoader[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while True:
        yield from loader


def _import_training() -> None:
    """Stand-ins, beside those of `published_basicvsr`, for what imports all of the package and is not used here."""
    published_basicvsr()
    root = Path(sys.modules["basicsr"].__path__[0])
    for name in ("models", "losses", "metrics", "data"):
        module = types.ModuleType(f"basicsr.{name}")
        module.__path__ = [str(root / name)]
        sys.modules[module.__name__] = module
    registry = importlib.import_module("basicsr.utils.registry")
    vars(sys.modules["basicsr.metrics"])["calculate_metric"] = None
    vars(sys.modules["basicsr.utils"]).update(
        get_root_logger=lambda: logging.getLogger("basicsr"), imwrite=None, tensor2img=None
    )
    vars(sys.modules["basicsr.archs"])["build_network"] = lambda options: _build(registry.ARCH_REGISTRY, options)
    vars(sys.modules["basicsr.losses"])["build_loss"] = lambda options: _build(registry.LOSS_REGISTRY, options)
    importlib.import_module("basicsr.losses.basic_loss")


def _build(registry: Any, options: dict[str, Any]) -> Any:
    return registry.get(options["type"])(**{key: value for key, value in options.items() if key != "type"})
