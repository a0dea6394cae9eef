"""A picture and four ways to spoil it: blur, noise, a shift and another texture. All are (3, H, W), RGB in [0, 1]."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vsr.errors import UserError

BLUR_SIGMA, NOISE_SIGMA, SHIFT = 3.0, 0.15, 3  # pixels, intensity, pixels
LARGEST_SIDE, SMALLEST_SIDE = 512, 161
_BLOCK, _TILE = 8, 32


def drawn(side: int) -> dict[str, Tensor]:
    """A bright square on a dark ground under a fine sine pattern, and its distortions, which are not scaled with it.

    The other texture is a pattern of twice the frequency.

    Args:
        side: of the picture, in pixels; the square spans 30/128 to 100/128 of it.
    """
    reference = _square_and_sines(side, frequency=1)
    return _distort(reference, {"texture": _square_and_sines(side, frequency=2)})


def photographed(file: Path) -> dict[str, Tensor]:
    """The middle of a picture file, at most 512 px a side, and its distortions.

    A photograph has no texture one could redraw: the 8x8 blocks of each 32x32 tile are shuffled instead.

    Raises:
        UserError: the file is no picture, or a side of it is shorter than the 161 px that MS-SSIM needs.
    """
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise UserError(f"'{file}' cannot be read as a picture.")
    height, width = (min(side, LARGEST_SIDE) for side in picture.shape[:2])
    if min(height, width) < SMALLEST_SIDE:
        raise UserError(f"'{file}' is {width}x{height}; MS-SSIM needs at least {SMALLEST_SIDE} px a side.")
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    reference = picture[top : top + height, left : left + width, ::-1].astype(np.float32) / 255
    return _distort(reference, {"blocks shuffled": _shuffle_blocks(reference)})


def _square_and_sines(side: int, frequency: int) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.zeros((side, side))
    inside = slice(30 * side // 128, 100 * side // 128)
    picture[inside, inside] = 0.8
    picture += 0.15 * np.sin(20 * frequency * np.pi * x) * np.sin(15 * frequency * np.pi * y)
    return np.repeat(picture.clip(0, 1)[..., None], 3, axis=2)


def _distort(reference: np.ndarray, texture: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The reference, its blur, noise and shift, and then ``texture``."""
    radius = round(4 * BLUR_SIGMA)
    blur = cv2.GaussianBlur(reference, (2 * radius + 1,) * 2, BLUR_SIGMA, borderType=cv2.BORDER_REFLECT)
    # One value a pixel, the same in all channels: on a grey picture the noise is grey.
    noise = NOISE_SIGMA * np.random.default_rng(0).standard_normal((*reference.shape[:2], 1))
    pictures = {
        "reference": reference,
        "blur": blur,
        "noise": (reference + noise).clip(0, 1),
        "shift": np.roll(reference, SHIFT, axis=1),
        **texture,
    }
    return {name: torch.from_numpy(picture).permute(2, 0, 1).float() for name, picture in pictures.items()}


def _shuffle_blocks(picture: np.ndarray) -> np.ndarray:
    """The 8x8 blocks of each whole 32x32 tile in another order."""
    generator = np.random.default_rng(0)
    shuffled, a_side = picture.copy(), _TILE // _BLOCK
    for top in range(0, picture.shape[0] - _TILE + 1, _TILE):
        for left in range(0, picture.shape[1] - _TILE + 1, _TILE):
            tile = picture[top : top + _TILE, left : left + _TILE]
            blocks = tile.reshape(a_side, _BLOCK, a_side, _BLOCK, 3).swapaxes(1, 2).reshape(-1, _BLOCK, _BLOCK, 3)
            mixed = generator.permutation(blocks).reshape(a_side, a_side, _BLOCK, _BLOCK, 3)
            shuffled[top : top + _TILE, left : left + _TILE] = mixed.swapaxes(1, 2).reshape(_TILE, _TILE, 3)
    return shuffled
