"""How `ClipScorer` comes by the values of each metric of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torchmetrics
from torch import Tensor

from vsr.errors import choose
from vsr.features import FrozenFeatures, i3d, vgg16
from vsr.metrics import patches, vgg, video_tiles
from vsr.metrics.chunk import Both, Chunk, Layers
from vsr.metrics.colour import luma_bt601
from vsr.metrics.cvvdp import ColorVideoVdp, check_installed
from vsr.metrics.distortion import mse, psnr
from vsr.metrics.dists import START, DistsWeights, dists_distance, dists_stages, read_dists_weights
from vsr.metrics.flow import (
    FlowDifference,
    absolute_difference,
    euclidean_difference,
    farneback_flow,
    greys,
    whole_frames,
)
from vsr.metrics.frechet import FrechetDistance
from vsr.metrics.kernel import KernelDistance
from vsr.metrics.lpips import Lpips
from vsr.metrics.lpips_change import LpipsChange
from vsr.metrics.running import EachFrame, Running
from vsr.metrics.structural import ms_ssim, ssim
from vsr.metrics.vmaf import Vmaf, ffmpeg
from vsr.metrics.warping import WarpError
from vsr.motion import dis, raft


@dataclass(frozen=True)
class Measure:
    """A metric whose values belong to frames, to pairs of a frame with the one before it, or to whole clips.

    Args:
        begin: makes what follows one clip.
        layers: of frozen networks that it reads.
        of: what has a value: each ``frame``, each ``pair`` (at the later of its frames), or the ``clip`` (at its end).
        factor: what its values are multiplied by, as the literature prints them.
    """

    begin: Callable[[], Running]
    layers: Layers = field(default_factory=dict)
    of: Literal["frame", "pair", "clip"] = "frame"
    factor: float = 1.0


@dataclass(frozen=True)
class SetMeasure:
    """A metric of a whole set of clips.

    Args:
        begin: makes what maps the chunks of one clip to features of SR and HR, (n, D) each.
        distance: makes what gathers them: ``update(sr, hr)``, ``compute()``.
        layers: as in `Measure`.
    """

    begin: Callable[[], Callable[[Chunk], tuple[Tensor, Tensor]]]
    distance: Callable[[], torchmetrics.Metric]
    layers: Layers = field(default_factory=dict)


def measure(name: str, weights: str) -> Measure | SetMeasure:
    """The metric ``name`` with ``weights`` (``pretrained``, or ``random`` for tests) in its networks.

    Raises:
        UserError: there is none of that name, or what it needs is not to be had.
    """
    return _MAKERS[choose("metric", name, _MAKERS)](weights)


def _of_rgb(metric: Callable[[Tensor, Tensor], Tensor], _: str) -> Measure:
    return Measure(partial(EachFrame, partial(_on_inner, metric)))


def _on_inner(metric: Callable[[Tensor, Tensor], Tensor], chunk: Chunk) -> Tensor:
    return metric(*chunk.inner)


def _of_luma(metric: Callable[[Tensor, Tensor], Tensor], _: str) -> Measure:
    return Measure(partial(EachFrame, partial(_on_luma, metric)))


def _on_luma(metric: Callable[[Tensor, Tensor], Tensor], chunk: Chunk) -> Tensor:
    return metric(*chunk.once(_lumas))


def _lumas(chunk: Chunk) -> Both:
    return Both(*map(luma_bt601, chunk.inner))


def _lpips(net: str, weights: str) -> Measure:
    lpips = Lpips(net, weights)
    return Measure(partial(EachFrame, partial(_on_features, lpips.distance, lpips.network)), lpips.layers)


def _vgg_distance(weights: str) -> Measure:
    network = vgg16(weights)
    compare = partial(_on_features, vgg.vgg_distance, network)
    return Measure(partial(EachFrame, compare), {network: vgg.LAYERS})


def _on_features(
    metric: Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], Tensor], network: FrozenFeatures, chunk: Chunk
) -> Tensor:
    return metric(*chunk.features(network))


def _dists(weights: str) -> Measure:
    network = vgg16(weights)
    return Measure(partial(EachFrame, partial(_on_stages, network, read_dists_weights())), {network: (START,)})


def _on_stages(network: FrozenFeatures, weights: DistsWeights, chunk: Chunk) -> Tensor:
    pairs = zip(chunk.inner, chunk.features(network), strict=True)
    sr, hr = (dists_stages(network, frames, features[START]) for frames, features in pairs)
    return dists_distance(sr, hr, weights)


def _patches(distance: Callable[[], torchmetrics.Metric], weights: str) -> SetMeasure:
    network = vgg16(weights)
    return SetMeasure(partial(partial, _on_patches, network), distance, {network: (patches.LAYER,)})


def _on_patches(network: FrozenFeatures, chunk: Chunk) -> tuple[Tensor, Tensor]:
    sr, hr = (patches.patch_features(features[patches.LAYER]) for features in chunk.features(network))
    return sr, hr


def _fvd(weights: str) -> SetMeasure:
    distance = partial(FrechetDistance, video_tiles.DIMENSIONS, "fvd", _TILES, fewest=256)
    return SetMeasure(partial(_video_tiles, i3d(weights)), distance)


def _video_tiles(network: FrozenFeatures) -> Callable[[Chunk], tuple[Tensor, Tensor]]:
    return video_tiles.VideoTiles(network).add


def _tof(_: str) -> Measure:
    return Measure(partial(FlowDifference, farneback_flow, greys, euclidean_difference), of="pair")


def _tof_raft(weights: str) -> Measure:
    flow = raft(weights=weights).flow
    return Measure(partial(FlowDifference, flow, whole_frames, absolute_difference), of="pair")


def _tlpips(weights: str) -> Measure:
    lpips = Lpips("alex", weights)
    return Measure(partial(LpipsChange, lpips), lpips.layers, of="pair", factor=100.0)


def _warp_error(_: str) -> Measure:
    return Measure(partial(WarpError, dis().flow), of="pair", factor=1000.0)


def _vmaf(_: str) -> Measure:
    ffmpeg()  # missed at once, not at the first clip
    return Measure(Vmaf)


def _cvvdp(_: str) -> Measure:
    check_installed()
    return Measure(ColorVideoVdp, of="clip")


_PATCHES = f"patches of {patches.SIDE} px"
_TILES = f"pieces of {video_tiles.FRAMES} frames and {video_tiles.SIDE} px"
_KERNEL = partial(KernelDistance, patches.DIMENSIONS, "patch_kid", _PATCHES)
_FRECHET = partial(FrechetDistance, patches.DIMENSIONS, "patch_fid", _PATCHES, fewest=patches.DIMENSIONS)

_MAKERS: dict[str, Callable[[str], Measure | SetMeasure]] = {
    "mse": partial(_of_rgb, mse),
    "psnr": partial(_of_rgb, psnr),
    "psnr_y": partial(_of_luma, psnr),
    "ssim": partial(_of_rgb, ssim),
    "ssim_y": partial(_of_luma, ssim),
    "ms_ssim": partial(_of_rgb, ms_ssim),
    "lpips": partial(_lpips, "alex"),
    "lpips_vgg": partial(_lpips, "vgg"),
    "dists": _dists,
    "vgg_distance": _vgg_distance,
    "patch_kid": partial(_patches, _KERNEL),
    "patch_fid": partial(_patches, _FRECHET),
    "tof": _tof,
    "tof_raft": _tof_raft,
    "tlpips": _tlpips,
    "warp_error": _warp_error,
    "fvd": _fvd,
    "vmaf": _vmaf,
    "cvvdp": _cvvdp,
}
