import pytest
import torch
from battery import value_of

from vsr.errors import UserError
from vsr.features import vgg16
from vsr.losses import PerceptualLoss
from vsr.losses.perceptual import feature_distance


@pytest.mark.parametrize(("distance", "order"), [("l1", 1), ("l2", 2)])
def test_layers_are_normalised_weighted_and_summed(distance, order):
    torch.manual_seed(0)
    sr, hr = torch.rand(2, 1, 2, 3, 24, 24)
    network = vgg16("random")
    weights = {"conv1_2": 2.0, "relu2_1": 0.25}
    of_sr, of_hr = (network(x.flatten(0, 1), weights) for x in (sr, hr))
    expected = sum(
        weight * ((of_sr[layer] - of_hr[layer]).abs() ** order).sum() / of_sr[layer].numel()
        for layer, weight in weights.items()
    )
    torch.testing.assert_close(value_of(PerceptualLoss(network, weights, distance), sr, hr), expected)


def test_cosine_is_of_the_angle_alone_by_hand():
    right, diagonal = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])
    features = torch.stack([right, 3 * diagonal, -right])[:, :, None, None]  # three frames of one pixel
    distance = feature_distance(features, right.expand(3, 2)[:, :, None, None], "cosine")
    assert distance.item() == pytest.approx((0 + (1 - 0.5**0.5) + 2) / 3, abs=1e-6)


def test_unknown_layers_and_distances_are_refused():
    with pytest.raises(UserError, match=r"loss\.perceptual\.layers='relu3_9' is not known"):
        PerceptualLoss(vgg16("random"), {"relu3_9": 1.0})
    with pytest.raises(UserError, match=r"loss\.perceptual\.distance='l3' is not known"):
        PerceptualLoss(vgg16("random"), {"relu3_1": 1.0}, "l3")
