import pytest
import torch

from vsr.discriminators import PatchDiscriminator3d
from vsr.errors import UserError


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_any_clip_length_gives_a_logit_a_frame(frames):
    discriminator = PatchDiscriminator3d(channels=4, layers=3)
    judgement = discriminator(torch.rand(2, 3, frames, 32, 32))
    assert judgement.logits.shape == (2, 1, frames, 2, 2)
    assert [f.shape[2] for f in judgement.features] == [frames] * 4


def test_a_logit_sees_eleven_frames_and_seventy_pixels():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator3d(channels=2, layers=3)
    clip = torch.zeros(1, 3, 15, 112, 112, requires_grad=True)
    logits = discriminator(clip).logits
    logits[0, 0, 7, 6, 6].backward()
    seen = clip.grad[0].abs().sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [11, 70, 70]


def test_the_order_of_frames_matters():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator3d(channels=4, layers=1).eval()
    clip = torch.rand(1, 3, 5, 16, 16)
    there, back = discriminator(clip).logits, discriminator(clip.flip(2)).logits.flip(2)
    assert (there - back).abs().max() > 1e-3


def test_too_small_a_frame_is_refused():
    with pytest.raises(UserError, match=r"at least 24x24 px, got 16x32"):
        PatchDiscriminator3d(channels=4, layers=3)(torch.rand(1, 3, 2, 16, 32))
