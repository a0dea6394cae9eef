import pytest
import pytorch_msssim
import torch
from battery import value_of
from skimage.metrics import structural_similarity

from vsr.errors import UserError
from vsr.losses import MsSsimLoss, SsimLoss


def noisy_pair(side):
    torch.manual_seed(0)
    hr = torch.rand(1, 2, 3, side, side + 7)
    return (hr + 0.2 * torch.randn_like(hr)).clamp(0, 1), hr


def test_dssim_is_half_of_one_minus_scikit_images_ssim():
    sr, hr = noisy_pair(40)
    wang = [
        structural_similarity(
            x.double().numpy(),
            y.double().numpy(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=0,
        )
        for x, y in zip(sr[0], hr[0], strict=True)
    ]
    assert value_of(SsimLoss(), sr, hr).item() == pytest.approx((1 - sum(wang) / 2) / 2, abs=1e-5)


def test_ms_ssim_loss_is_one_minus_pytorch_msssims():
    sr, hr = noisy_pair(170)
    theirs = pytorch_msssim.ms_ssim(sr[0].double(), hr[0].double(), data_range=1.0).item()
    assert value_of(MsSsimLoss(), sr, hr).item() == pytest.approx(1 - theirs, abs=1e-5)


@pytest.mark.parametrize(("term", "side", "name"), [(SsimLoss, 10, "SSIM"), (MsSsimLoss, 160, "MS-SSIM")])
def test_crops_too_small_for_the_window_are_refused(term, side, name):
    sr = torch.rand(1, 1, 3, side, 200)
    with pytest.raises(UserError, match=rf"{name} needs frames of at least {side + 1}x{side + 1} px, got {side}x200"):
        value_of(term(), sr, sr)
