"""What is true of each metric: the one place that says which way is better, and how to print it."""

from dataclasses import dataclass
from typing import Literal

Family = Literal["distortion", "perception", "time"]


@dataclass(frozen=True)
class Metric:
    """One row of `METRICS`.

    Args:
        family: ``distortion`` compares pixels, ``perception`` features or statistics, ``time`` change over frames.
        higher_is_better: the direction, for sorting and for choosing the best checkpoint.
        full_reference: needs the very HR clip of which SR is an estimate, not just any set of real clips.
        description: one line for tables and help texts.
        decimals: how many to print.
        unit: what to print after the name, empty for a pure number.
    """

    family: Family
    higher_is_better: bool
    full_reference: bool
    description: str
    decimals: int = 4
    unit: str = ""


METRICS: dict[str, Metric] = {
    "mse": Metric("distortion", False, True, "mean squared error of RGB in [0, 1]", decimals=6),
    "psnr": Metric("distortion", True, True, "peak signal-to-noise ratio of RGB", decimals=2, unit="dB"),
    "psnr_y": Metric("distortion", True, True, "peak signal-to-noise ratio of BT.601 luma", decimals=2, unit="dB"),
    "ssim": Metric("distortion", True, True, "structural similarity of RGB (Wang 2004)"),
    "ssim_y": Metric("distortion", True, True, "structural similarity of BT.601 luma"),
    "ms_ssim": Metric("distortion", True, True, "structural similarity over five scales (Wang 2003)"),
    "lpips": Metric("perception", False, True, "LPIPS v0.1 on AlexNet, the one that papers report"),
    "lpips_vgg": Metric("perception", False, True, "LPIPS v0.1 on VGG16, the one that is trained on"),
    "dists": Metric("perception", False, True, "structure and texture similarity on VGG16 (Ding 2020)"),
    "vgg_distance": Metric("perception", False, True, "squared distance of VGG16 features"),
    "patch_kid": Metric("perception", False, False, "kernel distance between the features of SR and real patches"),
    "patch_fid": Metric(
        "perception", False, False, "Fréchet distance between the features of SR and real patches", decimals=2
    ),
    "tof": Metric("time", False, True, "difference of optical flow, Farneback (TecoGAN)", decimals=3, unit="px"),
    "tof_raft": Metric("time", False, True, "difference of optical flow, RAFT (StableVSR)", decimals=3, unit="px"),
    "tlpips": Metric("time", False, True, "difference of LPIPS between successive frames (TecoGAN)", unit="×100"),
    "warp_error": Metric("time", False, True, "squared error after warping along HR's flow (Lai 2018)", unit="×1e-3"),
    "fvd": Metric("time", False, False, "Fréchet distance between I3D features of SR and real clips", decimals=1),
    "vmaf": Metric("perception", True, True, "VMAF v0.6.1 (Netflix), of luma", decimals=2),
}
