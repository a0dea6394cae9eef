import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from vsr import assets
from vsr.errors import UserError
from vsr.features import FrozenFeatures, alexnet, vgg16, vgg19
from vsr.features.vgg import _vgg


@pytest.fixture
def frames():
    return torch.rand(2, 3, 36, 40, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def torchvision_vgg16():
    """torchvision's own module, with weights other than our random ones."""
    with torch.device("meta"):
        features = torchvision.models.vgg16(weights=None).features.eval()
    features.to_empty(device="cpu")
    torch.manual_seed(1)
    for parameter in features.parameters():
        nn.init.normal_(parameter, std=0.05)
    return features


def normalised(frames):
    return torchvision.transforms.functional.normalize(frames, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


# Positions in torchvision's `features`, as the papers that use these layers give them.
@pytest.mark.parametrize(
    ("layer", "position"),
    [
        ("conv1_1", 0),
        ("relu1_2", 3),
        ("relu2_2", 8),
        ("relu3_3", 15),
        ("conv4_3", 21),
        ("conv5_3", 28),
        ("relu5_3", 29),
    ],
)
@torch.no_grad()
def test_vgg16_from_a_file_equals_torchvisions_module(layer, position, frames, torchvision_vgg16, tmp_path):
    path = tmp_path / "mine.safetensors"
    state = torchvision_vgg16.state_dict()
    safetensors.torch.save_file({f"features.{key}": value for key, value in state.items()}, path)
    network = vgg16(str(path))
    expected = torchvision_vgg16[: position + 1](normalised(frames))
    # All layers at once: a ReLU in place would show here as conv == relu.
    features = network(frames, network.layers)
    # Channels last, so sums run in another order.
    torch.testing.assert_close(features[layer], expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())
    assert network.weights == str(path)


@torch.no_grad()
def test_vgg19_and_alexnet_layers(frames):
    deep = vgg19("random")
    positions = {"conv5_4": 34, "relu5_4": 35}
    for layer, position in positions.items():
        torch.testing.assert_close(deep(frames, [layer])[layer], deep.network[: position + 1](normalised(frames)))
    shapes = {
        name: tuple(value.shape[1:]) for name, value in alexnet("random")(frames, alexnet("random").layers).items()
    }
    # LPIPS-Alex channels; sides by hand from kernels 11/4, 3/2, 5, 3/2, 3, 3, 3.
    assert shapes == {
        "relu1": (64, 8, 9),
        "relu2": (192, 3, 4),
        "relu3": (384, 1, 1),
        "relu4": (256, 1, 1),
        "relu5": (256, 1, 1),
    }
    assert [name for name in deep.layers if name.startswith("conv3")] == [f"conv3_{i}" for i in range(1, 5)]


def test_it_runs_no_deeper_than_asked(frames):
    network, ran = vgg16("random"), []
    hooks = [m.register_forward_hook(lambda *_: ran.append(1)) for m in network.network if isinstance(m, nn.Conv2d)]
    try:
        features = network(frames, ["relu2_1", "conv1_2"])
    finally:
        for hook in hooks:
            hook.remove()
    assert list(features) == ["relu2_1", "conv1_2"]
    assert len(ran) == 3


def test_gradient_reaches_the_input_and_no_weight(frames):
    network = vgg16("random")
    frames.requires_grad_()
    network(frames, ["relu3_3"])["relu3_3"].square().mean().backward()
    assert frames.grad is not None
    assert frames.grad.abs().sum() > 0
    assert all(not p.requires_grad and p.grad is None for p in network.parameters())
    assert not network.train().training
    assert not any(module.training for module in network.modules())


def test_terms_that_ask_alike_share_one_instance_and_random_is_deterministic():
    assert vgg16("random") is vgg16(weights="random")
    assert alexnet("random") is alexnet(weights="random")
    before = torch.get_rng_state()
    weight = vgg16("random").network[0].weight
    fresh = _vgg.__wrapped__("vgg16", "random")
    assert fresh is not vgg16("random")
    assert torch.equal(fresh.network[0].weight, weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_first_used_in_inference_mode_still_serves_training(frames):
    with torch.inference_mode():
        network = _vgg.__wrapped__("vgg16", "random")
        network(frames, ["relu1_2"])
    x = frames.clone().requires_grad_()
    network(x, ["relu1_2"])["relu1_2"].square().mean().backward()
    assert x.grad is not None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_frames_of_any_precision_are_normalised_in_float32(dtype, frames):
    network = FrozenFeatures("identity", nn.Sequential(nn.Identity()), {"all": 0}, "random")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        feature = network(frames.to(dtype), ["all"])["all"]
    torch.testing.assert_close(feature, normalised(frames.to(dtype).float()))


@pytest.mark.parametrize(
    ("network", "layer", "side"),
    [
        (vgg16, "conv1_2", 1),
        (vgg16, "relu2_1", 2),
        (vgg16, "relu5_3", 16),
        (alexnet, "relu1", 7),
        (alexnet, "relu5", 31),
    ],
)
@torch.no_grad()
def test_the_smallest_side_is_the_smallest_that_runs(network, layer, side):
    features = network("random")
    assert features.smallest_side(layer) == side
    assert min(features(torch.rand(1, 3, side, side + 5), [layer])[layer].shape) >= 1
    if side > 1:
        with pytest.raises(UserError, match=rf"{side - 1}x{side + 5} is too small.*smallest side is {side} px"):
            features(torch.rand(1, 3, side - 1, side + 5), [layer])
        with pytest.raises(RuntimeError):  # torch's own refusal, one pixel below
            features.network[: features._positions[layer] + 1](torch.rand(1, 3, side - 1, side + 5))


def test_wrong_layers_and_wrong_frames_are_refused(frames):
    network = vgg16("random")
    with pytest.raises(UserError, match="Did you mean 'relu3_3'"):
        network(frames, ["relu33"])
    with pytest.raises(ValueError, match="float"):
        network((frames * 255).byte(), ["relu1_1"])
    with pytest.raises(ValueError, match=r"\(2, 5, 3"):
        network(torch.rand(2, 5, 3, 16, 16), ["relu1_1"])


def test_weights_of_another_network_and_missing_files_are_refused(tmp_path, torchvision_vgg16):
    path = tmp_path / "vgg16.pth"
    torch.save({f"features.{key}": value for key, value in torchvision_vgg16.state_dict().items()}, path)
    with pytest.raises(UserError, match=r"does not hold vgg19's weights: features\.\d+\.weight is missing"):
        vgg19(str(path))
    with pytest.raises(UserError, match="is no file"):
        vgg16(str(tmp_path / "absent.pth"))


def test_a_weights_file_with_code_in_it_is_not_loaded(tmp_path):
    torch.save({"features.0.weight": nn.Linear(1, 1)}, tmp_path / "vgg16.pth")
    with pytest.raises(UserError, match="holds more than tensors"):
        vgg16(str(tmp_path / "vgg16.pth"))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_weights_file_is_named(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    state = {"features.0.weight": torch.zeros(64, 3, 11, 11)}
    safetensors.torch.save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=rf"half\{suffix}: .*it is damaged"):
        alexnet(str(path))


def test_it_moves_itself_to_its_inputs_device(frames):
    network = FrozenFeatures("conv", nn.Sequential(nn.Conv2d(3, 4, 3)), {"conv": 0}, "random")
    with torch.inference_mode():
        assert network(frames.to("meta"), ["conv"])["conv"].device.type == "meta"
    assert not any(tensor.is_inference() for tensor in [*network.parameters(), *network.buffers()])


@pytest.mark.pretrained
@torch.no_grad()
def test_pretrained_vgg16_equals_torchvisions_module_with_the_published_weights(frames):
    with torch.device("meta"):
        module = torchvision.models.vgg16(weights=None).features.eval()
    state = {key.removeprefix("features."): value for key, value in assets.state_dict("vgg16").items()}
    module.load_state_dict(state, assign=True)
    network = vgg16()
    assert network.weights == "pretrained"
    features = network(frames, ["relu1_2", "relu5_3"])
    torch.testing.assert_close(features["relu5_3"], module[:30](normalised(frames)))
    torch.testing.assert_close(features["relu1_2"], module[:4](normalised(frames)))
