import pytest
import torch

from vsr.errors import UserError
from vsr.metrics import METRICS, PROTOCOLS, ClipScorer, Protocol, protocol_named


def published_crop(size):
    """crop_8x8 of TecoGAN's metrics.py, of one side: where it begins, and how long what is left is."""
    left = size // 32 * 32
    while left > size - 16:
        left -= 32
    return (size - left) // 2, left


@pytest.mark.parametrize("size", [(576, 720), (144, 176), (64, 79), (48, 81), (67, 160)])
def test_tecogan_crops_as_its_published_code_does(size):
    pixels = torch.arange(size[0] * size[1]).view(1, *size)
    (top, height), (left, width) = map(published_crop, size)
    expected = pixels[:, top : top + height, left : left + width]
    assert torch.equal(protocol_named("tecogan").cropped(pixels), expected)


@pytest.mark.parametrize(
    ("name", "length", "numbers"),
    [
        ("tecogan", 7, [2, 3, 4]),
        ("vimeo90k-y-centre", 7, [3]),
        ("vimeo90k-y-centre", 1, [0]),
        ("vid4-y", 3, [0, 1, 2]),
        ("plain", 1, [0]),
    ],
)
def test_which_frames_count(name, length, numbers):
    assert list(protocol_named(name).frames(length)) == numbers


def test_the_mean_is_of_the_frames_that_count():
    torch.manual_seed(0)
    hr = torch.rand(7, 3, 48, 48)
    sr = hr.clone()
    sr[[0, 1, 5, 6]] = 0
    assert ClipScorer(["mse"], "tecogan")(sr, hr) == {"mse": 0.0}
    sr[3] = 1 - sr[3]
    assert ClipScorer(["mse"], "vimeo90k-y-centre")(sr, hr)["mse"] > 0.1
    sr[3] = hr[3]
    assert ClipScorer(["mse"], "vimeo90k-y-centre")(sr, hr) == {"mse": 0.0}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_says_what_it_does_and_who_says_so(name):
    protocol = protocol_named(name)
    assert protocol.name == name
    assert protocol.caption.startswith(name)
    assert protocol.source
    assert all(metric in METRICS for metric in protocol.headline)
    assert protocol.headline[0] == ("psnr_y" if "-y" in name or name == "tecogan" else "psnr")


def test_caption_of_the_one_that_does_most():
    assert protocol_named("tecogan").caption == (
        "tecogan (papers: psnr_y and ssim_y): 8 bits, border 8 px or more, to a multiple of 32 px, "
        "without 2 frames at either end, mean over frames, then over clips"
    )


def test_unknown_name_names_the_nearest():
    with pytest.raises(UserError, match=r"protocol='vid4' is not known\. Did you mean 'vid4-y'"):
        ClipScorer(["psnr"], "vid4")


def test_too_little_to_measure_is_refused():
    with pytest.raises(UserError, match=r"leaves out 2 frames at either end, and a clip of 4 has no other"):
        protocol_named("tecogan").frames(4)
    with pytest.raises(UserError, match="leaves nothing of a frame of 47x100 px"):
        protocol_named("tecogan").cropped(torch.zeros(1, 3, 100, 47))
    with pytest.raises(UserError, match="leaves nothing of a frame of 4x9 px"):
        Protocol("wide", border=2).cropped(torch.zeros(1, 3, 9, 4))
