import pytest
import torch
from battery import value_of

from vsr.errors import UserError
from vsr.features import vgg16
from vsr.losses import StyleLoss
from vsr.losses.style import gram, style_distance


def gram_by_hand(features):
    _, channels, height, width = features.shape
    return torch.einsum("nihw,njhw->nij", features, features) / (channels * height * width)


def test_gram_matrix_is_that_by_hand():
    torch.manual_seed(0)
    features = torch.randn(2, 5, 7, 4, dtype=torch.float64)
    torch.testing.assert_close(gram(features), gram_by_hand(features).float())


def test_distance_is_the_squared_frobenius_norm_and_the_mean_of_the_frames():
    torch.manual_seed(0)
    sr, hr = torch.randn(2, 3, 5, 6, 4)
    expected = (gram_by_hand(sr) - gram_by_hand(hr)).pow(2).sum() / 3
    torch.testing.assert_close(style_distance(sr, hr), expected)


def test_layers_are_weighted_and_summed():
    torch.manual_seed(0)
    sr, hr = torch.rand(2, 1, 2, 3, 24, 24)
    network = vgg16("random")
    of_sr, of_hr = (network(x.flatten(0, 1), ["relu1_1", "relu2_2"]) for x in (sr, hr))
    expected = 3 * style_distance(of_sr["relu1_1"], of_hr["relu1_1"])
    expected += 0.5 * style_distance(of_sr["relu2_2"], of_hr["relu2_2"])
    torch.testing.assert_close(value_of(StyleLoss(network, {"relu1_1": 3, "relu2_2": 0.5}), sr, hr), expected)


def test_where_things_are_does_not_matter():
    torch.manual_seed(0)
    features = torch.randn(1, 4, 8, 8)
    assert style_distance(features.flip(3), features) < 1e-10


def test_large_features_survive_half_precision():
    features = torch.full((1, 4, 64, 64), 300.0, dtype=torch.float16)
    with torch.autocast("cpu", dtype=torch.float16):
        torch.testing.assert_close(gram(features), torch.full((1, 4, 4), 300.0**2 / 4))


def test_a_layer_that_does_not_exist_is_refused():
    with pytest.raises(UserError, match=r"loss\.style\.layers='relu1_9' is not known\. Did you mean 'relu1_"):
        StyleLoss(vgg16("random"), {"relu1_9": 1.0})
