"""What is true of each metric: the one place that says which way is better, and how to print it."""

from dataclasses import dataclass
from typing import Literal

Family = Literal["distortion", "perception", "time"]


@dataclass(frozen=True)
class Metric:
    """One row of `METRICS`.

    Args:
        title: how it is typeset.
        family: ``distortion`` compares pixels, ``perception`` features or statistics, ``time`` change over frames.
        higher_is_better: the direction, for sorting and for choosing the best checkpoint.
        full_reference: needs the very HR clip of which SR is an estimate, not just any set of real clips.
        description: one line for tables and help texts.
        decimals: how many to print.
        unit: what to print after the title, empty for a pure number.
    """

    title: str
    family: Family
    higher_is_better: bool
    full_reference: bool
    description: str
    decimals: int = 4
    unit: str = ""


METRICS: dict[str, Metric] = {
    "mse": Metric("MSE", "distortion", False, True, "mean squared error of RGB in [0, 1]", decimals=6),
    "psnr": Metric("PSNR", "distortion", True, True, "peak signal-to-noise ratio of RGB", decimals=2, unit="dB"),
    "psnr_y": Metric("PSNR-Y", "distortion", True, True, "PSNR of BT.601 luma", decimals=2, unit="dB"),
    "ssim": Metric("SSIM", "distortion", True, True, "structural similarity of RGB (Wang 2004)"),
    "ssim_y": Metric("SSIM-Y", "distortion", True, True, "structural similarity of BT.601 luma"),
    "ms_ssim": Metric("MS-SSIM", "distortion", True, True, "structural similarity over five scales (Wang 2003)"),
    "lpips": Metric("LPIPS", "perception", False, True, "LPIPS v0.1 on AlexNet, the one that papers report"),
    "lpips_vgg": Metric("LPIPS (VGG)", "perception", False, True, "LPIPS v0.1 on VGG16, the one that is trained on"),
    "dists": Metric("DISTS", "perception", False, True, "structure and texture similarity on VGG16 (Ding 2020)"),
    "vgg_distance": Metric("VGG distance", "perception", False, True, "squared distance of VGG16 features"),
    "patch_kid": Metric("patch KID", "perception", False, False, "kernel distance of features, SR to real patches"),
    "patch_fid": Metric("patch FID", "perception", False, False, "Fréchet distance of the same features", decimals=2),
    "tof": Metric("tOF", "time", False, True, "difference of flow, Farneback (TecoGAN)", decimals=3, unit="px"),
    "tof_raft": Metric("tOF (RAFT)", "time", False, True, "the same, by RAFT (StableVSR)", decimals=3, unit="px"),
    "tlpips": Metric("tLPIPS", "time", False, True, "difference of LPIPS from frame to frame (TecoGAN)", unit="×100"),
    "warp_error": Metric("warping error", "time", False, True, "squared error along flow (Lai 2018)", unit="×1e-3"),
    "fvd": Metric("FVD", "time", False, False, "Fréchet distance of I3D features, SR to real clips", decimals=1),
    "vmaf": Metric("VMAF", "perception", True, True, "VMAF v0.6.1 (Netflix), of luma", decimals=2),
    "cvvdp": Metric("ColorVideoVDP", "perception", True, True, "visible differences", decimals=3, unit="JOD"),
}
