import pytest
import torch

from vsr.errors import UserError
from vsr.losses.pixel import PixelLoss, pixel_distance


@pytest.mark.parametrize(("distance", "expected"), [("l1", 0.3), ("mse", 0.09), ("charbonnier", (0.09 + 0.16) ** 0.5)])
def test_a_constant_difference_gives_the_closed_form(distance, expected):
    hr = torch.rand(2, 3, 3, 8, 8)
    assert pixel_distance(hr - 0.3, hr, distance, epsilon=0.16).item() == pytest.approx(expected, abs=1e-6)


def test_charbonnier_is_smooth_at_zero_and_slopes_by_one_far_from_it():
    sr = torch.tensor([0.0, 1e-3, 0.5], requires_grad=True)
    pixel_distance(sr, torch.zeros(3), "charbonnier", epsilon=1e-6).backward()
    expected = torch.tensor([0.0, 1e-3 / (2e-6) ** 0.5, 0.5 / (0.25 + 1e-6) ** 0.5]) / 3
    torch.testing.assert_close(sr.grad, expected)


def test_another_distance_is_refused():
    with pytest.raises(
        UserError, match=r"loss\.pixel\.distance='charbonier' is not known\. Did you mean 'charbonnier'"
    ):
        PixelLoss("charbonier")
