"""All metrics of one clip in one pass against the same metrics one by one, each by its reference package.

    python benchmarks/evaluation.py [--hr FOLDER --sr FOLDER]

The baseline is what the tests hold our metrics against (tests/metrics/references.py): scikit-image, pytorch-msssim,
lpips, torchmetrics' DISTS, torchvision's VGG16, OpenCV, and TecoGAN's and Lai's formulas in NumPy. Each of them reads
the pictures, as a script of its own would; networks are loaded before the clock starts, on both sides. The two sides
take turns; the ratio is of medians. Both must come to the same values. tof_raft, fvd and vmaf are left out: one clip
is too little for fvd, and neither side of the others shares anything.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from vsr.errors import UserError
from vsr.metrics import ClipScorer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/metrics"))
import references

FRAMES_AT_ONCE = 8
REFERENCES: dict[str, tuple[str, Callable[..., float]]] = {
    **references.REFERENCES,
    "patch_fid": ("torchvision, SciPy", references.patch_fid),
}
AGREEMENT = 1e-2  # relative; the tests state the tolerance of each


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--hr", type=Path, help="folder of PNGs (default: drawn, 704x576 as Vid4's city)")
    add("--sr", type=Path, help="folder of as many PNGs to be scored (default: HR made smaller and larger again)")
    add("--frames", type=int, default=10, help="the first so many (default %(default)s)")
    add("--rounds", type=int, default=3, help="turns of each (default %(default)s)")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        hr = pictures(arguments.hr or draw(Path(temporary), arguments.frames))[: arguments.frames]
        sr = pictures(arguments.sr or blur(hr, Path(temporary)))[: len(hr)]
        if len(sr) < len(hr):
            raise UserError(f"{arguments.sr} has {len(sr)} PNGs and HR {len(hr)}: give as many.")
        scorer = ClipScorer(list(REFERENCES))
        score(scorer, sr[:2], hr[:2])
        one_by_one(sr[:2], hr[:2])

        ours, theirs = [], []
        for _ in range(arguments.rounds):
            start = time.perf_counter()
            values = score(scorer, sr, hr)
            ours.append(time.perf_counter() - start)
            theirs.append(one_by_one(sr, hr))
    report(values, theirs, statistics.median(ours), len(hr))


def score(scorer: ClipScorer, sr: list[Path], hr: list[Path]) -> dict[str, float]:
    """All metrics in one pass over the pictures."""
    over = scorer.over_clips()
    scoring = scorer.begin(len(hr), over)
    for first in range(0, len(hr), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        scoring.add(*(torch.from_numpy(read(paths[some])).permute(0, 3, 1, 2) / 255 for paths in (sr, hr)))
    scoring.finish()
    return over.compute().values


def one_by_one(sr: list[Path], hr: list[Path]) -> dict[str, tuple[float, float]]:
    """Value and seconds of each metric by its reference, the reading of the pictures included."""
    measured = {}
    for name, (_, reference) in REFERENCES.items():
        start = time.perf_counter()
        value = reference(read(sr), read(hr))
        measured[name] = value, time.perf_counter() - start
    return measured


def report(
    values: dict[str, float], theirs: list[dict[str, tuple[float, float]]], seconds: float, frames: int
) -> None:
    """Print both sides.

    Raises:
        UserError: they disagree.
    """
    table = Table(title=f"{frames} frames, {torch.get_num_threads()} threads")
    for heading in ("metric", "by", "theirs", "ours", "their s"):
        table.add_column(heading, justify="left" if heading in ("metric", "by") else "right")
    total = 0.0
    for name, (by, _) in REFERENCES.items():
        value, taken = theirs[-1][name][0], statistics.median(each[name][1] for each in theirs)
        if not np.isclose(value, values[name], rtol=AGREEMENT, atol=1e-5):
            raise UserError(f"{name} disagrees: ours {values[name]:.6g}, {by} {value:.6g}.")
        table.add_row(name, by, f"{value:.6g}", f"{values[name]:.6g}", f"{taken:.2f}")
        total += taken
    console = Console()
    console.print(table)
    own = statistics.median(each["warp_error"][1] for each in theirs)
    console.print(f"one by one {total:.1f} s, all in one pass {seconds:.1f} s: {total / seconds:.2f} times faster")
    console.print(
        f"without the time of their warp_error, whose NumPy is ours: {(total - own) / seconds:.2f} times faster"
    )


def read(paths: list[Path]) -> np.ndarray:
    """Pictures (T, H, W, 3), uint8 RGB."""
    return np.stack([cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths])


def pictures(folder: Path) -> list[Path]:
    """The PNGs of ``folder`` by name."""
    found = sorted(folder.glob("*.png"))
    if not found:
        raise UserError(f"{folder} has no PNGs.")
    return found


def draw(folder: Path, frames: int) -> Path:
    """Texture of several scales that moves by (2, 1) px a frame, as PNGs."""
    (folder / "hr").mkdir()
    generator = np.random.default_rng(0)
    size = 576 + frames, 704 + 2 * frames
    layers = [generator.uniform(0, 256 / 3, (size[0] // cell, size[1] // cell, 3)) for cell in (4, 16, 64)]
    picture = sum(cv2.resize(layer, size[::-1], interpolation=cv2.INTER_CUBIC) for layer in layers)
    for t in range(frames):
        frame = picture[t : t + 576, 2 * t : 2 * t + 704].clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "hr" / f"{t:08d}.png"), frame)
    return folder / "hr"


def blur(hr: list[Path], folder: Path) -> Path:
    """The pictures at a quarter of their size, enlarged again."""
    (folder / "sr").mkdir()
    for path in hr:
        picture = cv2.imread(str(path))
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "sr" / path.name), large)
    return folder / "sr"


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
