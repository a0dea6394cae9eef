import math

import numpy as np
import pytest
import references
import torch
from torchmetrics.image.kid import poly_mmd

from vsr.errors import UserError
from vsr.metrics import ClipScorer, FrechetDistance, KernelDistance, frechet_distance, polynomial_mmd
from vsr.metrics.frechet import Gaussian
from vsr.metrics.patches import patch_features
from vsr.metrics.video_tiles import tiles


@pytest.fixture
def features():
    torch.manual_seed(0)
    mixing = torch.randn(12, 12)
    return torch.randn(300, 12) @ mixing, torch.randn(300, 12) @ mixing.roll(1, 0) + 0.5


def test_polynomial_mmd_is_that_of_torchmetrics(features):
    x, y = features
    assert polynomial_mmd(x, y).item() == pytest.approx(poly_mmd(x.double(), y.double()).item(), rel=1e-9)


def test_polynomial_mmd_is_unbiased():
    torch.manual_seed(0)
    distances = torch.stack([polynomial_mmd(*torch.randn(2, 20, 4)) for _ in range(400)])
    error = distances.std() / math.sqrt(len(distances))
    assert abs(distances.mean()) < 3 * error
    assert distances.min() < 0


def test_frechet_is_that_of_the_authors(features):
    x, y = features
    metric = FrechetDistance(12, "fid", "pictures", fewest=2)
    for some in (slice(0, 7), slice(7, 200), slice(200, 300)):
        metric.update(x[some], y[some])
    assert metric.compute().item() == pytest.approx(
        references.frechet(x.double().numpy(), y.double().numpy()), rel=1e-6
    )


def test_frechet_of_gaussians_whose_covariances_commute():
    x = Gaussian(torch.tensor([0.0, 1.0]).double(), torch.diag(torch.tensor([4.0, 9.0])).double())
    y = Gaussian(torch.tensor([3.0, 1.0]).double(), torch.diag(torch.tensor([1.0, 0.0])).double())
    assert frechet_distance(x, y).item() == pytest.approx(3**2 + (2 - 1) ** 2 + (3 - 0) ** 2)


def test_frechet_does_not_suffer_from_a_large_mean(features):
    x, y = features
    near, far = (FrechetDistance(12, "fid", "pictures", fewest=2) for _ in range(2))
    near.update(x, y)
    far.update(x.double() + 1000, y.double() + 1000)
    assert far.compute().item() == pytest.approx(near.compute().item(), rel=1e-5)


def test_a_kernel_distance_of_more_than_it_keeps_is_of_a_fair_choice_at_the_same_places(features):
    x, _ = features
    metric = KernelDistance(12, fewest=2, most=50)
    for part in x.split(30):
        metric.update(part, part + 1)
    kept = metric.hr.shape
    torch.testing.assert_close(metric.hr - metric.sr, torch.ones(kept))
    assert kept == (50, 12)
    places = [int((x == row).all(1).nonzero()) for row in metric.sr]
    assert min(places) < 60 and max(places) >= 240 and 100 < np.mean(places) < 200


def test_patches_are_cells_of_64_px():
    torch.manual_seed(0)
    features = torch.rand(2, 256, 35, 49)
    patches = patch_features(features)
    assert patches.shape == (2 * 2 * 3, 256)
    cell = features[1, :, 16:32, 32:48]
    torch.testing.assert_close(patches[-1], 16 * (cell / cell.norm(dim=0)).mean((1, 2)))


def test_tiles_are_of_the_middle_and_keep_the_pixels():
    clip = torch.arange(2 * 3 * 230 * 460).view(2, 3, 230, 460)
    cut = tiles(clip)
    assert cut.shape == (2, 2, 3, 224, 224)
    assert torch.equal(cut[0], clip[:, :, 3:227, 6:230])
    assert torch.equal(cut[1], clip[:, :, 3:227, 230:454])
    assert torch.equal(tiles(clip[..., :100, :300]), clip[None, ..., :100, 38:262])


def test_too_few_are_refused_with_the_reason_and_the_others_are_not():
    torch.manual_seed(0)
    scorer = ClipScorer(["psnr", "patch_kid", "patch_fid", "fvd"], weights="random")
    over = scorer.over_clips()
    clip = torch.rand(8, 3, 128, 64)
    scorer.score(clip, clip.flip(0), over)
    values, refused = over.compute()
    assert values.keys() == {"psnr"}
    assert refused == {
        "patch_kid": "patch_kid needs at least 32 patches of 64 px and got 16. Score more or longer clips.",
        "patch_fid": "patch_fid needs at least 256 patches of 64 px and got 16. Score more or longer clips.",
        "fvd": "fvd needs at least 256 pieces of 16 frames and 224 px and got 0. Score more or longer clips.",
    }


def test_frames_smaller_than_a_patch_are_refused():
    scorer = ClipScorer(["patch_kid"], weights="random")
    with pytest.raises(UserError, match="at least 64 px a side, got 80x60"):
        scorer.score(*torch.rand(2, 1, 3, 60, 80), scorer.over_clips())


def test_metrics_of_sets_are_no_metrics_of_clips():
    assert ClipScorer(["psnr", "patch_kid"], weights="random")(*torch.zeros(2, 1, 3, 8, 8)) == {"psnr": 100.0}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Matrix is singular")
def test_patch_fid_is_the_frechet_distance_of_the_patches_of_all_clips():
    torch.manual_seed(0)
    scorer = ClipScorer(["patch_fid"], weights="random")
    over = scorer.over_clips()
    gathered = []
    for _ in range(2):
        hr = torch.randint(256, (2, 512, 576, 3), dtype=torch.uint8).numpy()
        sr = hr // 2
        scorer.score(references.tensors(sr), references.tensors(hr), over)
        gathered.append([references.patches_of(clip, "random") for clip in (sr, hr)])
    x, y = (np.concatenate(parts) for parts in zip(*gathered, strict=True))
    assert over.compute().values["patch_fid"] == pytest.approx(references.frechet(x, y), rel=1e-3)


@pytest.mark.slow
def test_fvd_is_the_frechet_distance_of_logits():
    from vsr.features import i3d

    torch.manual_seed(0)
    scorer = ClipScorer(["fvd"], weights="random")
    over = scorer.over_clips()
    hr = torch.randint(256, (260 * 16 + 5, 3, 32, 32), dtype=torch.uint8) / 255
    sr = (hr * 127).round() / 255
    scoring = scorer.begin(len(hr), over)
    for some_sr, some_hr in zip(sr.split(37), hr.split(37), strict=True):
        scoring.add(some_sr, some_hr)
    scoring.finish()
    network = i3d("random")
    with torch.no_grad():
        logits = [
            torch.cat([network(clip[None], ("logits",))["logits"] for clip in clips[: 260 * 16].split(16)])
            for clips in (sr, hr)
        ]
    expected = references.frechet(*(each.double().numpy() for each in logits))
    assert over.compute().values["fvd"] == pytest.approx(expected, rel=1e-3)
