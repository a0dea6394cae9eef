"""SPyNet: optical flow, coarse to fine (Ranjan & Black, "Optical Flow Estimation using a Spatial Pyramid Network",
CVPR 2017)."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr import assets
from vsr.errors import UserError
from vsr.motion.warp import resize_flow, warp

LEVELS = 6
STRIDE = 2 ** (LEVELS - 1)


class SPyNet(nn.Module):
    """Flow by one small network G a pyramid level, each correcting the flow of the level below it.

    With V = 2 up(F) the doubled flow of the coarser level (zero at the coarsest): F' = V + G(I, warp(J, V), V).
    Frames are resized to multiples of 32 and the flow back, so any size will do. 1.44 M parameters.

    Args:
        weights: an asset's name (a published BasicVSR, whose SPyNet is taken), a weights file, "random" (for tests),
            or None to load a state dict afterwards.

    Raises:
        UserError: ``weights`` cannot be read or holds no SPyNet; or it was None, and `forward` comes before a state
            dict was loaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: str | None) -> None:
        super().__init__()
        self.weights = weights
        self.basic_module = nn.ModuleList(_LevelNetwork() for _ in range(LEVELS))
        # ImageNet's, as buffers because the published files hold them.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        if weights is not None and weights != "random":
            self._load(weights)
        self.register_load_state_dict_post_hook(_note_loaded)

    @property
    def pretrained(self) -> bool:
        """Whether it holds weights that were trained."""
        return self.weights not in (None, "random")

    def forward(self, reference: Tensor, supporting: Tensor) -> Tensor:
        """Flow such that ``warp(supporting, flow)`` lies on the grid of ``reference``.

        Args:
            reference: (N, 3, H, W) in [0, 1].
            supporting: (N, 3, H, W) in [0, 1].

        Returns:
            (N, 2, H, W) float32, (dx, dy) in pixels. Under autocast only the convolutions run in half precision.
        """
        if self.weights is None:
            raise UserError("SPyNet has no weights: load a checkpoint, or set flow.weights to an asset or a file.")
        references, supportings = self._pyramid(reference), self._pyramid(supporting)
        flow = torch.zeros_like(references[0][:, :2])
        for level, network in enumerate(self.basic_module):
            if level > 0:
                flow = 2 * F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
            aligned = warp(supportings[level], flow, padding_mode="border")
            flow = flow + network(torch.cat((references[level], aligned, flow), dim=1)).to(flow.dtype)
        return resize_flow(flow, (reference.shape[2], reference.shape[3]))

    def _pyramid(self, frames: Tensor) -> list[Tensor]:
        """Normalised frames at 1/32, 1/16, ..., 1/1 of the size, in float32 or better."""
        size = [-(-side // STRIDE) * STRIDE for side in frames.shape[2:]]
        frames = frames.to(torch.promote_types(frames.dtype, torch.float32))
        frames = F.interpolate(frames, size, mode="bilinear", align_corners=False)
        levels = [(frames - self.mean) / self.std]
        for _ in range(LEVELS - 1):
            levels.append(F.avg_pool2d(levels[-1], 2))
        return levels[::-1]

    def _load(self, weights: str) -> None:
        state = _read(weights)
        spynet = {key.removeprefix("spynet."): value for key, value in state.items() if key.startswith("spynet.")}
        # A SPyNet published on its own has neither prefix nor buffers.
        spynet = {"mean": self.mean, "std": self.std} | (spynet or state)
        try:
            self.load_state_dict(spynet)
        except RuntimeError as error:
            raise UserError(f"flow.weights={weights!r} holds no SPyNet in the published layout.") from error


class _LevelNetwork(nn.Module):
    """Correction of the flow at one level, (N, 8, h, w) -> (N, 2, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((8, 32), (32, 64), (64, 32), (32, 16), (16, 2)):
            layers += [nn.Conv2d(inputs, outputs, 7, padding=3), nn.ReLU()]
        self.basic_module = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.basic_module(x)


def _note_loaded(spynet: SPyNet, _incompatible_keys: object) -> None:
    if spynet.weights is None:
        spynet.weights = "loaded"


def _read(weights: str) -> dict[str, Tensor]:
    """State dict of an asset or of a file."""
    path = Path(weights).expanduser()
    if not path.suffix and not path.is_file():
        return assets.state_dict(weights)
    state = assets.read_tensor_file(path)
    return state.get("params", state)
