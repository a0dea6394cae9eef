"""Every metric by somebody else's code, or written down from the paper in NumPy: what ours is held against.

Each takes SR and HR, uint8 (T, H, W, 3), and gives the mean over the frames of the clip.
"""

import functools
import warnings
from types import SimpleNamespace

import cv2
import lpips
import numpy as np
import pytorch_msssim
import torch
import torchmetrics.functional.image.dists as torchmetrics_dists
from scipy import linalg, ndimage
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torchmetrics.image.kid import poly_mmd
from torchvision.models import vgg

from vsr.features import alexnet, vgg16

WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def tensors(clip):
    return torch.from_numpy(clip.copy()).permute(0, 3, 1, 2) / 255


def moving_blocks(block, height, width, noise):
    """SR and HR of 5 frames: blocks of random colours that move, and with so much noise, in levels."""
    draw = np.random.default_rng(0)
    picture = draw.integers(0, 256, (12, 14, 3)).repeat(block, 0).repeat(block, 1)
    hr = np.stack([picture[t : t + height, 2 * t : 2 * t + width] for t in range(5)]).astype(np.uint8)
    return np.clip(hr + draw.integers(-noise, noise + 1, hr.shape), 0, 255).astype(np.uint8), hr


def luma(clip):
    """MATLAB's rgb2ycbcr, in [0, 255]."""
    return clip / 255 @ np.array([65.481, 128.553, 24.966]) + 16


def over_frames(metric):
    return lambda sr, hr: float(np.mean([metric(s, h) for s, h in zip(sr, hr, strict=True)]))


def over_pairs(metric):
    def mean(sr, hr):
        pairs = zip(sr[:-1], sr[1:], hr[:-1], hr[1:], strict=True)
        return float(np.mean([metric(*frames) for frames in pairs]))

    return mean


def mse(sr, hr):
    return mean_squared_error(hr / 255, sr / 255)


def psnr(sr, hr):
    """At most 100 dB, as ours is: equal frames would be infinite."""
    with np.errstate(divide="ignore"):
        return min(100.0, peak_signal_noise_ratio(hr, sr, data_range=255))


def psnr_y(sr, hr):
    return psnr(luma(sr), luma(hr))


def ssim(sr, hr):
    return structural_similarity(hr.astype(float), sr.astype(float), channel_axis=2, data_range=255, **WANG)


def ssim_y(sr, hr):
    return structural_similarity(luma(hr), luma(sr), data_range=255, **WANG)


def ms_ssim(sr, hr):
    return pytorch_msssim.ms_ssim(tensors(sr).double(), tensors(hr).double(), data_range=1.0).item()


@functools.cache
def authors_lpips(net, weights="pretrained"):
    """The authors' LPIPS, its trunk filled with the weights of ours."""
    trunk = {"alex": alexnet, "vgg": vgg16}[net](weights).network.state_dict()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torchvision")
        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False).eval()
    network.net.load_state_dict({key: trunk[key.split(".", 1)[1]] for key in network.net.state_dict()})
    return network


@torch.no_grad()
def lpips_of(net, sr, hr, weights="pretrained"):
    return authors_lpips(net, weights)(tensors(sr[None]), tensors(hr[None]), normalize=True).item()


def tlpips(before, frame, hr_before, hr_frame, weights="pretrained"):
    return 100 * abs(lpips_of("alex", before, frame, weights) - lpips_of("alex", hr_before, hr_frame, weights))


@functools.cache
def torchvision_vgg16(weights="pretrained"):
    """The convolutions of torchvision's VGG16 with the weights of ours; the classifier would take seconds to make."""
    features = vgg.make_layers(vgg.cfgs["D"]).eval()
    features.load_state_dict(vgg16(weights).network.state_dict())
    return features


@functools.cache
def torchmetrics_network(weights="pretrained"):
    theirs, torchmetrics_dists.vgg16 = (
        torchmetrics_dists.vgg16,
        lambda **_: SimpleNamespace(features=torchvision_vgg16(weights)),
    )
    try:
        return torchmetrics_dists.DISTSNetwork()
    finally:
        torchmetrics_dists.vgg16 = theirs


def dists(sr, hr, weights="pretrained"):
    return torchmetrics_network(weights)(tensors(sr), tensors(hr)).mean().item()


def normalised(clip):
    """As torchvision's networks want it."""
    return torch.from_numpy(((clip / 255 - MEAN) / STD).astype(np.float32)).permute(0, 3, 1, 2)


@torch.no_grad()
def vgg_distance(sr, hr, weights="pretrained"):
    """Johnson et al., equation 2, summed over relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 of torchvision's VGG16."""
    x, y = (normalised(clip) for clip in (sr, hr))
    total = 0.0
    for position, module in enumerate(torchvision_vgg16(weights)[:26]):
        x, y = module(x), module(y)
        if position in (1, 6, 11, 18, 25):
            total += ((x - y) ** 2).mean().item()
    return total


@torch.no_grad()
def patches_of(clip, weights="pretrained"):
    """Mean unit vector of torchvision's relu3_3 in each 64 px patch, times 16."""
    x = torchvision_vgg16(weights)[:16](normalised(clip))
    x = 16 * (x / x.norm(dim=1, keepdim=True)).numpy()
    frames, channels, height, width = x.shape
    rows, columns = height // 16, width // 16
    cells = x[:, :, : rows * 16, : columns * 16].reshape(frames, channels, rows, 16, columns, 16).mean((3, 5))
    return cells.transpose(0, 2, 3, 1).reshape(-1, channels).astype(float)


def patch_kid(sr, hr, weights="pretrained"):
    return poly_mmd(*(torch.from_numpy(patches_of(clip, weights)) for clip in (sr, hr))).item()


def patch_fid(sr, hr, weights="pretrained"):
    return frechet(*(patches_of(clip, weights) for clip in (sr, hr)))


def frechet(x, y):
    """As the authors of FID compute it, with SciPy's square root of a matrix; features (n, D)."""
    covariances = [np.cov(each, rowvar=False) for each in (x, y)]
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    gap = x.mean(0) - y.mean(0)
    return float(gap @ gap + np.trace(covariances[0] + covariances[1] - 2 * root.real))


def farneback(before, frame):
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, frame)]
    return cv2.calcOpticalFlowFarneback(*greys, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def tof(before, frame, hr_before, hr_frame):
    """The published code of TecoGAN, line by line, without its crop."""
    difference = np.absolute(farneback(hr_before, hr_frame) - farneback(before, frame))
    return np.sqrt(np.sum(difference * difference, axis=-1)).mean()


def dis(before, frame):
    """OpenCV's DIS, on BT.601 grey."""
    weights = np.array([0.299, 0.587, 0.114])
    greys = [np.round(picture @ weights).astype(np.uint8) for picture in (before, frame)]
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*greys, None)


def sampled(field, flow):
    """``field[p + flow[p]]``, (H, W, C), bilinear, beyond the border the border."""
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]]
    places = [rows + flow[..., 1], columns + flow[..., 0]]
    channels = np.moveaxis(field, -1, 0)
    return np.stack([ndimage.map_coordinates(x, places, order=1, mode="nearest") for x in channels], axis=-1)


def occlusion(flow, flow_back):
    """Lai et al., detect_occlusion: where going there and back does not lead back, and at motion boundaries."""
    there = sampled(flow_back.astype(float), flow)
    inconsistent = ((flow + there) ** 2).sum(-1) > 0.01 * ((there**2).sum(-1) + (flow**2).sum(-1)) + 0.5
    gradient = np.zeros(flow.shape[:2])
    gradient[:, :-1] += ((flow[:, 1:] - flow[:, :-1]) ** 2).sum(-1)
    gradient[:-1] += ((flow[1:] - flow[:-1]) ** 2).sum(-1)
    return inconsistent | (gradient > 0.01 * (flow**2).sum(-1) + 0.002)


def warp_error(before, frame, hr_before, hr_frame):
    """Lai et al., evaluate_WarpError.py, times 1000."""
    flow, flow_back = dis(hr_before, hr_frame), dis(hr_frame, hr_before)
    visible = ~occlusion(flow, flow_back)[..., None] * np.ones(3)
    difference = (sampled(frame / 255, flow) - before / 255) * visible
    return 1000 * (difference**2).sum() / (visible.sum() or visible.size)


REFERENCES = {
    "mse": ("scikit-image", over_frames(mse)),
    "psnr": ("scikit-image", over_frames(psnr)),
    "psnr_y": ("scikit-image", over_frames(psnr_y)),
    "ssim": ("scikit-image", over_frames(ssim)),
    "ssim_y": ("scikit-image", over_frames(ssim_y)),
    "ms_ssim": ("pytorch-msssim", ms_ssim),
    "lpips": ("lpips", over_frames(functools.partial(lpips_of, "alex"))),
    "lpips_vgg": ("lpips", over_frames(functools.partial(lpips_of, "vgg"))),
    "dists": ("torchmetrics", dists),
    "vgg_distance": ("torchvision", vgg_distance),
    "patch_kid": ("torchvision, torchmetrics", patch_kid),
    "tof": ("OpenCV, TecoGAN's code", over_pairs(tof)),
    "tlpips": ("lpips", over_pairs(tlpips)),
    "warp_error": ("OpenCV, SciPy, Lai's formula", over_pairs(warp_error)),
}
