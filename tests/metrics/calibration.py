"""Writes calibration.csv: what the reference implementations say of distortions of one scene.

    python tests/metrics/calibration.py

The scene is drawn from integers, so that it is the same to the last bit everywhere.
"""

import csv
from pathlib import Path

import numpy as np
from references import REFERENCES
from scipy import fft

CALIBRATION = Path(__file__).with_name("calibration.csv")
HEIGHT, WIDTH, FRAMES, MARGIN = 192, 192, 5, 32


def scene():
    """Patches of texture and edges that move by (2, 1) px a frame, and a disc that moves the other way."""
    draw = np.random.default_rng(0)
    size = (HEIGHT + MARGIN, WIDTH + MARGIN, 3)
    coarse = draw.integers(40, 216, (size[0] // 16, size[1] // 16, 3)).repeat(16, 0).repeat(16, 1)
    fine = draw.integers(-60, 61, (size[0] // 2, size[1] // 2, 1)).repeat(2, 0).repeat(2, 1)
    textured = (np.add.outer(np.arange(size[0]) // 48, np.arange(size[1]) // 48) % 2 == 0)[..., None]
    picture = np.clip(_box(_box(coarse)) + fine * textured, 0, 255)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    frames = []
    for t in range(FRAMES):
        frame = picture[t : t + HEIGHT, 2 * t : 2 * t + WIDTH].copy()
        disc = (rows - 90) ** 2 + (columns - 80 - 3 * t) ** 2 < 30**2
        frame[disc] = (200, 60, 40)
        frames.append(frame)
    return np.stack(frames).astype(np.uint8)


def _box(x):
    """Mean over 3x3, borders repeated, rounded down."""
    spatial = x.ndim - 3
    padded = np.pad(x.astype(int), [(0, 0)] * spatial + [(1, 1), (1, 1), (0, 0)], mode="edge")
    height, width = x.shape[spatial : spatial + 2]
    return sum(padded[..., i : i + height, j : j + width, :] for i in range(3) for j in range(3)) // 9


def blur(clip):
    """Mean over 3x3 px, twice."""
    return _box(_box(clip))


def noise(clip):
    """Up to 12 levels either way."""
    return clip + np.random.default_rng(1).integers(-12, 13, clip.shape)


def shift(clip):
    """By one pixel to the right."""
    return np.roll(clip, 1, axis=2)


def blocks(clip):
    """The cosine transform of blocks of 8x8 in steps of 48 levels: what JPEG does to a picture."""
    frames, height, width, _ = clip.shape
    cut = clip.reshape(frames, height // 8, 8, width // 8, 8, 3).astype(float)
    coefficients = fft.dctn(cut, axes=(2, 4), norm="ortho")
    return fft.idctn(np.round(coefficients / 48) * 48, axes=(2, 4), norm="ortho").reshape(clip.shape).round()


def frame_drop(clip):
    """Every second frame is the one before it once more."""
    return clip[np.arange(len(clip)) // 2 * 2]


def flicker(clip):
    """Every second frame is 8 levels brighter."""
    return clip + 8 * (np.arange(len(clip)) % 2)[:, None, None, None]


DISTORTIONS = {each.__name__: each for each in (blur, noise, shift, blocks, frame_drop, flicker)}


def distorted(name, clip):
    """``clip`` distorted, uint8."""
    return np.clip(DISTORTIONS[name](clip), 0, 255).astype(np.uint8)


def main():
    """Write the table."""
    hr = scene()
    with CALIBRATION.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("metric", "distortion", "value", "by"))
        for distortion in DISTORTIONS:
            sr = distorted(distortion, hr)
            for metric, (by, reference) in REFERENCES.items():
                writer.writerow((metric, distortion, f"{reference(sr, hr):.8g}", by))


if __name__ == "__main__":
    main()
