"""VideoMAE (Tong et al., NeurIPS 2022, arXiv:2203.12602), through the transformers package (``vsr[videomae]``)."""

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import UserError
from vsr.features.frozen import FrozenFeatures


def videomae(weights: str) -> FrozenFeatures:
    """The encoder's blocks ``block1``, ``block2`` … for clips, each (B, C', T', H', W') on the grid of its patches.

    Clips are brought to the size the model was trained on: frames are resized (not cropped) to its square, and its
    number of frames is drawn evenly in time, repeating frames of a shorter clip. Of a longer clip the frames that are
    not drawn get no gradient.

    Args:
        weights: local folder of a VideoMAEModel (config.json, model.safetensors). Nothing is downloaded.

    Raises:
        UserError: transformers is not installed; the folder does not hold such a model.
    """
    return _videomae(weights)


# One shared instance, as in vgg.py.
@functools.cache
def _videomae(weights: str) -> FrozenFeatures:
    with torch.inference_mode(False):  # as in trunk.py
        model = _load(Path(weights))
    size, patch, frames = model.config.image_size, model.config.patch_size, model.config.num_frames
    grid = (frames // model.config.tubelet_size, size // patch, size // patch)
    blocks = [_Block(block, grid) for block in model.encoder.layer]
    network = nn.Sequential(_Resample(frames, size), _Embedding(model.embeddings, grid), *blocks)
    layers = {f"block{index + 1}": index + 2 for index in range(len(blocks))}
    return FrozenFeatures("videomae", network, layers, weights, reads="clips")


def _load(folder: Path) -> Any:
    try:
        from transformers import VideoMAEModel
    except ImportError as error:
        raise UserError("VideoMAE needs the transformers package: `pip install vsr[videomae]`.") from error
    if not (folder / "config.json").is_file():
        raise UserError(f"weights='{folder}' is no folder of a VideoMAEModel (config.json, model.safetensors).")
    try:
        model, report = VideoMAEModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (OSError, RuntimeError) as error:
        raise UserError(f"{folder} cannot be read as a VideoMAEModel: {str(error).splitlines()[0]}") from error
    # transformers would leave these at random. The last norm, which fine-tuned models lack, is not read.
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("layernorm"))
    if missing:
        raise UserError(f"{folder} does not hold a whole VideoMAEModel: {missing[0]} is missing.")
    return model


class _Resample(nn.Module):
    """(B, T, 3, H, W) at ``frames`` instants, nearest in time, and ``size`` x ``size`` px."""

    def __init__(self, frames: int, size: int) -> None:
        super().__init__()
        self.frames, self.size = frames, size

    def forward(self, clips: Tensor) -> Tensor:
        instants = torch.linspace(0, clips.shape[1] - 1, self.frames, device=clips.device).round().long()
        drawn = clips[:, instants]
        resized = F.interpolate(drawn.flatten(0, 1), (self.size, self.size), mode="bilinear", antialias=True)
        return resized.unflatten(0, drawn.shape[:2])


class _Embedding(nn.Module):
    """(B, T, 3, H, W) to patch embeddings (B, C, T', H', W') with their positions added."""

    def __init__(self, embeddings: nn.Module, grid: tuple[int, int, int]) -> None:
        super().__init__()
        self.embeddings, self.grid = embeddings, grid

    def forward(self, clips: Tensor) -> Tensor:
        return self.embeddings(clips, None).transpose(1, 2).unflatten(2, self.grid)  # None: no patch is masked


class _Block(nn.Module):
    """One transformer block, (B, C, T', H', W') in and out."""

    def __init__(self, block: nn.Module, grid: tuple[int, int, int]) -> None:
        super().__init__()
        self.block, self.grid = block, grid

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, self.grid)
