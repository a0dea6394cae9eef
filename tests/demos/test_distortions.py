import csv

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from vsr import assets
from vsr.demos.distorted_pictures import drawn, photographed
from vsr.demos.distortions import main
from vsr.errors import UserError


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), np.random.default_rng(0).integers(0, 256, (170, 200, 3), np.uint8))
    return file


def rows(folder):
    with (folder / "distortions.csv").open(encoding="utf-8") as file:
        return {row.pop("picture"): {key: float(value) for key, value in row.items()} for row in csv.DictReader(file)}


def test_the_drawn_picture_and_its_distortions_are_the_articles():
    pictures = {name: picture[0].numpy() for name, picture in drawn(128).items()}
    y, x = np.mgrid[0:128, 0:128] / 128
    square = np.zeros((128, 128))
    square[30:100, 30:100] = 0.8
    expected = np.clip(square + 0.15 * np.sin(20 * np.pi * x) * np.sin(15 * np.pi * y), 0, 1)
    texture = np.clip(square + 0.15 * np.sin(40 * np.pi * x) * np.sin(30 * np.pi * y), 0, 1)
    np.testing.assert_allclose(pictures["reference"], expected, atol=1e-6)
    np.testing.assert_allclose(pictures["texture"], texture, atol=1e-6)
    np.testing.assert_allclose(pictures["blur"], gaussian_filter(expected, 3.0), atol=1e-6)
    np.testing.assert_array_equal(pictures["shift"][:, 3:], pictures["reference"][:, :-3])
    inside = pictures["noise"][30:100, 30:100] - pictures["reference"][30:100, 30:100]
    assert inside[inside < 0].std() == pytest.approx(0.15 * np.sqrt(1 - 2 / np.pi), rel=0.1)  # the half not clipped


def test_shuffling_moves_whole_blocks_and_keeps_each_tiles_pixels(photo):
    pictures = photographed(photo)
    reference, shuffled = pictures["reference"], pictures["blocks shuffled"]
    assert reference.shape == (3, 170, 200)
    tile = (slice(None), slice(32, 64), slice(64, 96))
    assert not torch.equal(reference[tile], shuffled[tile])
    assert torch.equal(*(picture[tile].flatten().sort().values for picture in (reference, shuffled)))
    block = shuffled[:, 32:40, 64:72]
    originals = [reference[:, top : top + 8, left : left + 8] for top in range(32, 64, 8) for left in range(64, 96, 8)]
    assert sum(torch.equal(block, original) for original in originals) == 1


def test_a_large_photograph_is_cut_to_its_middle(tmp_path):
    picture = np.zeros((200, 600, 3), np.uint8)
    picture[:, 300:] = (255, 0, 0)  # OpenCV's blue
    cv2.imwrite(str(tmp_path / "wide.png"), picture)
    reference = photographed(tmp_path / "wide.png")["reference"]
    assert reference.shape == (3, 200, 512)
    assert reference[:, 0, 255].tolist() == [0, 0, 0]
    assert reference[:, 0, 256].tolist() == [0, 0, 1]


def test_pictures_that_cannot_be_measured_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"absent.png' cannot be read"):
        photographed(tmp_path / "absent.png")
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((160, 300, 3), np.uint8))
    with pytest.raises(UserError, match="300x160; MS-SSIM needs at least 161"):
        photographed(tmp_path / "small.png")
    with pytest.raises(SystemExit, match="cannot be read"):
        main(["--image", str(tmp_path / "absent.png"), "--output", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_hand_made_features_call_the_shift_the_worst():
    """Smoothed pixels and their gradient magnitude at three scales, the usual stand-in for a network."""

    def distance(x, y):
        total = 0.0
        for sigma in (1, 2, 4):
            smooth = [gaussian_filter(picture, sigma) for picture in (x, y)]
            edges = [np.hypot(*np.gradient(picture)) for picture in smooth]
            total += np.mean((smooth[0] - smooth[1]) ** 2) + np.mean((edges[0] - edges[1]) ** 2)
        return total

    pictures = {name: picture[0].double().numpy() for name, picture in drawn(128).items()}
    assert max(pictures, key=lambda name: distance(pictures[name], pictures["reference"])) == "shift"


@pytest.mark.pretrained
def test_the_drawn_pictures_numbers_bear_the_documented_claims_out(tmp_path):
    main(["--output", str(tmp_path)])
    scores = rows(tmp_path)
    assert list(scores) == ["reference", "blur", "noise", "shift", "texture"]
    pictures = {name: picture[0].double().numpy() for name, picture in drawn(128).items()}
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    for name in scores:
        expected = structural_similarity(pictures["reference"], pictures[name], **wang)
        assert scores[name]["ssim"] == pytest.approx(expected, abs=1e-4)
    assert (tmp_path / "distortions.png").stat().st_size > 0

    order = {key: sorted(list(scores)[1:], key=lambda name: scores[name][key]) for key in scores["blur"]}
    assert order["mse"] == ["texture", "blur", "noise", "shift"]
    assert order["ssim"] == ["shift", "noise", "texture", "blur"]
    assert order["ms_ssim"] == ["texture", "noise", "shift", "blur"]
    assert order["vgg"] == ["shift", "blur", "texture", "noise"]
    assert order["gram"] == ["shift", "blur", "noise", "texture"]
    assert order["lpips"] == ["shift", "texture", "blur", "noise"]
    _assert_what_holds_of_both_pictures(scores)


@pytest.mark.slow
@pytest.mark.pretrained
def test_a_photographs_numbers_bear_the_documented_claims_out(tmp_path):
    frame = cv2.VideoCapture(str(assets.fetch("sample_bikes"))).read()[1]
    cv2.imwrite(str(tmp_path / "frame.png"), frame)
    main(["--image", str(tmp_path / "frame.png"), "--output", str(tmp_path)])
    scores = rows(tmp_path)
    assert list(scores) == ["reference", "blur", "noise", "shift", "blocks shuffled"]
    assert max(scores, key=lambda name: scores[name]["gram"]) == "noise"
    assert scores["shift"]["mse"] < min(scores["noise"]["mse"], scores["blocks shuffled"]["mse"])
    _assert_what_holds_of_both_pictures(scores)


def _assert_what_holds_of_both_pictures(scores):
    blur, noise, shift = scores["blur"], scores["noise"], scores["shift"]
    for key in ("mse", "vgg", "gram", "lpips"):
        assert scores["reference"][key] == pytest.approx(0, abs=1e-6)
    assert blur["mse"] < min(noise["mse"], shift["mse"])
    assert blur["ssim"] > shift["ssim"]
    assert blur["ms_ssim"] > shift["ms_ssim"]
    assert 5.5 < blur["lpips"] / shift["lpips"] < 7.5
    assert 0.5 < shift["vgg"] / blur["vgg"] < 0.7
    assert shift["gram"] < blur["gram"] / 40
    assert all(noise[key] > blur[key] for key in ("vgg", "gram", "lpips"))
    assert max(scores, key=lambda name: scores[name]["lpips"]) == "noise"
