"""Metrics of distortion, perception and time, and the protocols under which they are compared.

Three layers: functions of tensors, one file a family; `torchmetrics.Metric` classes that gather them over clips and
processes (`MeanOverClips`, `KernelDistance`, `FrechetDistance`); and `ClipScorer`, which runs any choice of them over
a clip or a stream of frames and computes what they share once.
"""

from vsr.metrics.distortion import mse, psnr, psnr_y, ssim_y
from vsr.metrics.dists import dists_distance
from vsr.metrics.flow import absolute_difference, euclidean_difference, farneback_flow
from vsr.metrics.frechet import FrechetDistance, frechet_distance
from vsr.metrics.kernel import KernelDistance, polynomial_mmd
from vsr.metrics.lpips import Lpips, lpips_distance
from vsr.metrics.over_clips import MeanOverClips, OverClips, SetScores
from vsr.metrics.protocol import PLAIN, PROTOCOLS, Protocol, protocol_named
from vsr.metrics.scorer import ClipScorer, ClipScores, ClipScoring
from vsr.metrics.structural import ms_ssim, ssim
from vsr.metrics.table import METRICS, Metric
from vsr.metrics.vgg import vgg_distance
from vsr.metrics.warping import lai_occlusion, warp_error

__all__ = [
    "METRICS",
    "PLAIN",
    "PROTOCOLS",
    "ClipScorer",
    "ClipScores",
    "ClipScoring",
    "FrechetDistance",
    "KernelDistance",
    "Lpips",
    "MeanOverClips",
    "Metric",
    "OverClips",
    "Protocol",
    "SetScores",
    "absolute_difference",
    "dists_distance",
    "euclidean_difference",
    "farneback_flow",
    "frechet_distance",
    "lai_occlusion",
    "lpips_distance",
    "ms_ssim",
    "mse",
    "polynomial_mmd",
    "protocol_named",
    "psnr",
    "psnr_y",
    "ssim",
    "ssim_y",
    "vgg_distance",
    "warp_error",
]
