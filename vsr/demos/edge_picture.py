"""One scene as three losses see it: pictures, and beneath each its rows' mean."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from vsr.demos.ambiguous_edges import PLACES, SCALE, SHARE, SIDE, Scenes

_SHADES = ("tab:blue", "tab:green")


def draw(test: Scenes, mse: Tensor, l1: Tensor, samples: Tensor) -> Figure:
    """LR, the two modes, their mean, and what MSE, L1 and the adversarial loss have learnt.

    Args:
        test: scenes, the first of which is shown.
        mse: SR of the scenes, learnt with MSE.
        l1: likewise with L1.
        samples: of the first scene alone, learnt adversarially; shown are the first that is nearer to the one mode
            than to the other, and the first of which the contrary is true, if there are such.
    """
    shown = {
        "LR: all that is\ngiven": F.interpolate(test.lr[:1], scale_factor=SCALE),
        f"HR, {SHARE:.0%}\nof the time": test.modes[0, :1],
        f"HR, {1 - SHARE:.0%}\nof the time": test.modes[1, :1],
        "mean of HR\ngiven this LR": test.mean[:1],
        "learnt with MSE:\nthe mean": mse[:1],
        "learnt with L1:\nthe median": l1[:1],
    }
    for number, sample in enumerate(_of_each_mode(test.modes[:, 0], samples), start=1):
        shown[f"adversarial:\na mode (draw {number})"] = sample
    brightest = float(test.modes[:, 0].max())
    figure = Figure(figsize=(1.9 * len(shown), 4.2), dpi=120, layout="constrained")
    upper, lower = figure.subplots(2, len(shown), height_ratios=(1, 0.8))
    for above, below, (name, picture) in zip(upper, lower, shown.items(), strict=True):
        above.imshow(picture[0, 0].numpy(), cmap="gray", vmin=0, vmax=brightest)
        above.set_title(name, fontsize=10)
        above.set_xticks([])
        above.set_yticks([])
        _profile(below, test, picture)
    lower[0].set_ylabel("brightness, mean of rows")
    for axes in lower[1:]:
        axes.set_yticklabels([])
    lower[0].legend(fontsize=7, loc="upper left", frameon=False)
    figure.supxlabel("column in pixels; dashed: the two places of the stripe that this LR allows", fontsize=10)
    return figure


def _of_each_mode(modes: Tensor, samples: Tensor) -> list[Tensor]:
    distances = torch.stack([(samples - mode).square().mean((1, 2, 3)) for mode in modes])
    nearest = distances.argmin(0)
    return [samples[nearest == number][:1] for number in range(len(modes)) if (nearest == number).any()]


def _profile(axes: Axes, test: Scenes, picture: Tensor) -> None:
    for mode, colour, place in zip(test.modes[:, 0, 0].mean(1), _SHADES, PLACES, strict=True):
        axes.stairs(mode.numpy(), color=colour, ls="--", lw=1, label=f"stripe at {place}", baseline=None)
    axes.stairs(picture[0, 0].mean(0).numpy(), color="black", lw=1.8, baseline=None)
    axes.set_ylim(-0.05, 1.5 * float(test.modes[:, 0].max()))
    axes.set_xlim(0, SIDE)
    axes.set_xticks(range(0, SIDE + 1, SCALE))
