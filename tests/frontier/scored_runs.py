"""Hand-made ``results.json`` files with real pictures, for tests of the report."""

import json

import numpy as np

from vsr.inference.media import MediaFolder

SIDE = 48  # of a frame, px; of the crop a third
BRIGHTER = (0, 0, 8, 16, 24)  # frame by frame
FRAMES = len(BRIGHTER)
CLIPS = ("city", "walk")
SCORES = {  # PSNR-Y, LPIPS, patch KID; the third is dominated, the last has no KID
    "pixel": (30.0, 0.30, 0.090),
    "middle": (29.0, 0.20, 0.050),
    "beaten": (28.5, 0.25, 0.060),
    "gan": (28.0, 0.10, None),
}
BICUBIC = (26.0, 0.40, 0.120)
METRICS = ("psnr_y", "lpips", "patch_kid")
ON_FRONTIER = ["pixel", "middle", "gan"]


def pictures(version, clip):
    """``(T, H, W, 3)`` uint8, like no other version's; grey, which compression leaves. The first two are alike."""
    grey = 40 + 30 * [*SCORES, "bicubic", "HR"].index(version) + 10 * CLIPS.index(clip)
    return np.full((FRAMES, SIDE, SIDE, 3), grey, np.uint8) + np.array(BRIGHTER, np.uint8)[:, None, None, None]


def write_runs(folder, labels=tuple(SCORES), **changes):
    """A run of each of ``labels`` in ``folder``; ``changes`` are made to every record."""
    for label in labels:
        write_run(folder / label, label, **changes)
    return folder


def write_run(folder, label, name="sr", **changes):
    """The run of the scores ``label`` in ``folder``, its generator known as ``name``."""
    kept = {}
    for clip in CLIPS:
        versions = {"bicubic": pictures("bicubic", clip), name: pictures(label, clip), "HR": pictures("HR", clip)}
        kept[clip] = MediaFolder(folder / "media").write(clip, versions).record(name, folder)
    record = {
        "schema": 1,
        "dataset": "vid4",
        "protocol": "plain",
        "scale": 4,
        "degradation": "bicubic",
        "metrics": dict(zip(METRICS, SCORES[label], strict=True)),
        "clips": {clip: {} for clip in CLIPS},
        "frames": dict.fromkeys(CLIPS, FRAMES),
        "baseline": {"bicubic": dict(zip(METRICS, BICUBIC, strict=True))},
        "loss_weights": {"pixel": 1.0, "adversarial": 0.01 * list(SCORES).index(label)},
        "checkpoint": str(folder / "checkpoints" / "last.ckpt"),
        "media": kept,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(record | changes), encoding="utf-8")
