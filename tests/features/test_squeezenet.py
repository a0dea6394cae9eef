import pytest
import torch
import torchvision

from vsr.errors import UserError
from vsr.features import squeezenet


@torch.no_grad()
def test_its_layers_are_those_of_torchvisions_module():
    network = squeezenet("random")
    module = torchvision.models.squeezenet1_1().features.eval()
    module.load_state_dict(network.network.state_dict())
    frames = torch.rand(2, 3, 40, 56)
    features = network(frames, ["relu1", "fire3", "fire9"])
    x = (frames - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(
        3, 1, 1
    )
    torch.testing.assert_close(features["fire9"], module(x))
    torch.testing.assert_close(features["fire3"], module[:5](x))
    torch.testing.assert_close(features["relu1"], module[:2](x))


@torch.no_grad()
@pytest.mark.parametrize(("layer", "side"), [("relu1", 3), ("fire3", 5), ("fire5", 9), ("fire9", 17)])
def test_the_smallest_side_is_the_smallest_that_runs(layer, side):
    features = squeezenet("random")
    assert features.smallest_side(layer) == side
    assert min(features(torch.rand(1, 3, side, side + 5), [layer])[layer].shape) >= 1
    with pytest.raises(UserError, match=rf"smallest side is {side} px"):
        features(torch.rand(1, 3, side - 1, side + 5), [layer])
    with pytest.raises(RuntimeError):  # torch's own refusal, one pixel below
        features.network[: features._positions[layer] + 1](torch.rand(1, 3, side - 1, side + 5))
