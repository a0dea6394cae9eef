"""What pixel errors, SSIM and networks say of the same four distortions of one picture.

``python -m vsr.demos.distortions [--image FILE] [--output DIR]`` writes distortions.png and distortions.csv.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from torch import Tensor

from vsr.demos.distorted_pictures import drawn, photographed
from vsr.errors import UserError
from vsr.features import vgg16
from vsr.losses.perceptual import feature_distance
from vsr.losses.style import style_distance
from vsr.metrics import Lpips, ms_ssim, mse, psnr, ssim

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
COLUMNS = {  # heading with the better direction, and format
    "mse": ("MSE ↓", ".5f"),
    "psnr": ("PSNR ↑", ".2f"),
    "ssim": ("SSIM ↑", ".4f"),
    "ms_ssim": ("MS-SSIM ↑", ".4f"),
    "vgg": ("VGG ↓", ".2f"),
    "gram": ("Gram ↓", ".3f"),
    "lpips": ("LPIPS ↓", ".4f"),
}
SIDE, MS_SSIM_SIDE = 128, 256
DRAWN_NOTE = (
    f"Drawn at {SIDE} px; MS-SSIM needs more than 160, its numbers are of the same drawn at {MS_SSIM_SIDE} px."
)

Scores = dict[str, dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Distort, measure, write and print. Exits with 1 where the picture or the pretrained weights cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m vsr.demos.distortions", description=__doc__)
    parser.add_argument("--image", type=Path, help="a picture of yours; without it one is drawn")
    parser.add_argument("--output", type=Path, default=Path("runs/distortions"), help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        pictures = photographed(options.image) if options.image else drawn(SIDE)
        large, note = (pictures, "") if options.image else (drawn(MS_SSIM_SIDE), DRAWN_NOTE)
        scores = measure(pictures, large)
        options.output.mkdir(parents=True, exist_ok=True)
    except UserError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}; choose another place with --output")
    _write_csv(scores, options.output / "distortions.csv")
    _draw(pictures, scores, note, options.output / "distortions.png")
    _print(scores, note)
    print(f"Wrote {options.output}/distortions.png and distortions.csv")


@torch.no_grad()
def measure(pictures: dict[str, Tensor], large: dict[str, Tensor]) -> Scores:
    """Every number of `COLUMNS` of each picture against the one named "reference".

    VGG and Gram distances are sums over the layers relu1_1 … relu5_1 of VGG16, LPIPS is AlexNet's.

    Args:
        pictures: each (3, H, W), all of one size.
        large: the same by name, large enough for MS-SSIM.
    """
    network, lpips = vgg16(), Lpips("alex")
    reference, large_reference = pictures["reference"][None], large["reference"][None]
    reference_features = network(reference, LAYERS)
    scores = {}
    for name, picture in pictures.items():
        x = picture[None]
        features = network(x, LAYERS)
        row = {
            "mse": mse(x, reference),
            "psnr": psnr(x, reference),
            "ssim": ssim(x, reference),
            "ms_ssim": ms_ssim(large[name][None], large_reference),
            "vgg": sum(feature_distance(features[layer], reference_features[layer], "l2") for layer in LAYERS),
            "gram": sum(style_distance(features[layer], reference_features[layer]) for layer in LAYERS),
            "lpips": lpips(x, reference),
        }
        scores[name] = {key: float(value) for key, value in row.items()}
    return scores


def _write_csv(scores: Scores, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["picture", *COLUMNS])
        writer.writeheader()
        writer.writerows({"picture": name, **row} for name, row in scores.items())


def _draw(pictures: dict[str, Tensor], scores: Scores, note: str, path: Path) -> None:
    """The pictures in a row, the numbers of each beneath it."""
    figure = Figure(figsize=(3 * len(pictures), 5), layout="constrained")
    for axes, (name, picture) in zip(figure.subplots(1, len(pictures)), pictures.items(), strict=True):
        axes.imshow(picture.permute(1, 2, 0).numpy(), vmin=0, vmax=1)
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
        lines = [f"{heading:<12}{scores[name][key]:>9{form}}" for key, (heading, form) in COLUMNS.items()]
        axes.set_xlabel("\n".join(lines), family="monospace", fontsize=9)
    if note:
        figure.supxlabel(note, fontsize=9)
    figure.savefig(path, dpi=150, bbox_inches="tight")


def _print(scores: Scores, note: str) -> None:
    table = Table(caption=note or None, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("picture", no_wrap=True)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in scores.items():
        table.add_row(name, *(f"{row[key]:{form}}" for key, (_, form) in COLUMNS.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
