"""A pretrained network that is only ever read."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from vsr.errors import UserError, choose

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Reads = Literal["frames", "clips"]
_AXES: dict[Reads, tuple[str, ...]] = {"frames": ("N", "3", "H", "W"), "clips": ("B", "T", "3", "H", "W")}


class FrozenFeatures(nn.Module):
    """Named intermediate features of a frozen chain of modules, such as convolutions, activations and poolings.

    Normalises its input itself, ``(x − mean) / std`` per channel, and runs no deeper than the deepest layer asked
    for. Gradients reach the input, never the weights. Hold an instance where `nn.Module` does not register it (in a
    tuple or a closure): it is no part of a checkpoint, of EMA or of DDP. It moves itself to its input's device.

    Args:
        name: the network's name, for messages.
        network: the chain, weights loaded, no in-place activation.
        layers: name of each readable layer to its position in ``network``, in order.
        weights: where its weights come from: "pretrained", "random" or a path; results repeat it.
        mean: of each input channel.
        std: of each input channel.
        reads: "frames", each by itself, or "clips", across time.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        network: nn.Sequential,
        layers: Mapping[str, int],
        weights: str,
        mean: tuple[float, ...] = IMAGENET_MEAN,
        std: tuple[float, ...] = IMAGENET_STD,
        reads: Reads = "frames",
    ) -> None:
        super().__init__()
        self.name = name
        self.layers = tuple(layers)
        self.weights = weights
        self.reads: Reads = reads
        self.network = network
        self._positions = dict(layers)
        with torch.inference_mode(False):  # see _follow
            self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
            self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever ``mode`` says."""
        return super().train(False)

    def forward(self, video: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features by layer name of ``video``, float in [0, 1].

        Args:
            video: frames (N, 3, H, W) or clips (B, T, 3, H, W), as ``reads`` says.
            layers: names of the layers to return.

        Returns:
            Of frames, each (N, C', H', W'); of clips, each (B, C', T', H', W').

        Raises:
            UserError: a layer that does not exist; frames too small for the deepest layer.
        """
        names = [choose(f"{self.name} layer", layer, self.layers) for layer in layers]
        wanted = {self._positions[name]: name for name in names}
        self._check(video, names)
        self._follow(video.device)
        features = {}
        x = (video.to(self.mean.dtype) - self.mean) / self.std
        if x.ndim == 4:  # a quarter faster on a CPU (VGG16, 5 frames of 128 px), and what tensor cores want
            x = x.contiguous(memory_format=torch.channels_last)
        for position in range(max(wanted, default=-1) + 1):
            module = self.network[position]
            in_place = isinstance(module, nn.ReLU) and position - 1 not in wanted and not torch.is_grad_enabled()
            x = x.relu_() if in_place else module(x)  # a sixth of a pass without gradients on a CPU
            if position in wanted:
                features[wanted[position]] = x
        return {name: features[name] for name in names}

    def smallest_side(self, layer: str) -> int:
        """Smallest frame height and width, in pixels, that leaves a feature at ``layer``."""
        return _smallest_input(self.network, self._positions[layer])

    def beyond(self, layer: str) -> nn.Sequential:
        """The modules after ``layer``, for a network that begins like this one and goes on differently."""
        return self.network[self._positions[layer] + 1 :]

    def _check(self, video: Tensor, layers: list[str]) -> None:
        axes = _AXES[self.reads]
        if video.ndim != len(axes) or video.shape[-3] != 3 or not video.is_floating_point():
            raise ValueError(f"{self.reads} must be float ({', '.join(axes)}), not {video.dtype} {tuple(video.shape)}")
        smallest = max((self.smallest_side(layer) for layer in layers), default=1)
        height, width = video.shape[-2:]
        if min(height, width) < smallest:
            raise UserError(
                f"A frame of {height}x{width} is too small for the {self.name} layers asked for: the smallest side "
                f"is {smallest} px. Use larger crops or shallower layers."
            )

    def _follow(self, device: torch.device) -> None:
        """Move to ``device``: no parent module does, as none has registered this one."""
        if self.mean.device != device:
            # Tensors made under inference_mode (a validation pass) could never again serve autograd.
            with torch.inference_mode(False):
                self.to(device)


def _smallest_input(network: nn.Sequential, depth: int) -> int:
    """Invert out = ⌊(in + 2·padding − kernel) / stride⌋ + 1, or ⌈ ⌉, from one pixel at ``depth`` back to the input."""
    side = 1
    for module in reversed(network[: depth + 1]):
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride, padding = (_one(size) for size in (module.kernel_size, module.stride, module.padding))
            rounded_up = stride - 1 if getattr(module, "ceil_mode", False) else 0
            side = max(1, (side - 1) * stride + kernel - 2 * padding - rounded_up)
    return side


def _one(size: Any) -> int:
    """The side of a square size that torch gives as one number or as two."""
    return int(size[0] if isinstance(size, tuple) else size)
