import os
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from vsr.errors import UserError
from vsr.features import i3d
from vsr.features.i3d import I3D, _build, _i3d
from vsr.features.inception3d import ConvReLU3d, MaxPool3dSame, pad_same

CLIPS = Path(os.environ["VSR_TEST_DATA"], "clips") if "VSR_TEST_DATA" in os.environ else None


def clip(name):
    """24 frames, the centre square of each at 224 px."""
    frames = []
    for file in sorted((CLIPS / name).glob("*.png")):
        picture = cv2.imread(str(file))[..., ::-1]
        height, width = picture.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = Image.fromarray(np.ascontiguousarray(picture[top : top + side, left : left + side]))
        frames.append(np.asarray(square.resize((224, 224), Image.Resampling.BILINEAR)))
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[None] / 255


@pytest.mark.slow
@pytest.mark.pretrained
@pytest.mark.skipif(CLIPS is None, reason="VSR_TEST_DATA is not set: the clips whose classes are known are not here")
@pytest.mark.parametrize(
    ("name", "kinetics_class", "probability"),
    [("davis_bmx_trees", 267, 0.702), ("basketballpass_raw", 99, 0.576)],  # riding a bike; dribbling basketball
)
@torch.no_grad()
def test_it_recognises_what_the_published_network_recognises(name, kinetics_class, probability):
    logits = i3d()(clip(name), ["logits"])["logits"]
    best = logits.softmax(1).max(1)
    assert best.indices.tolist() == [kinetics_class]
    assert best.values.item() == pytest.approx(probability, abs=2e-3)


@torch.no_grad()
def test_endpoints_have_the_papers_channels_and_strides():
    network = i3d("random")
    features = network(torch.rand(1, 5, 3, 65, 50), network.layers)
    # Figure 3 of the paper: strides 2,2,2 - 1,2,2 - 1,2,2 - 2,2,2 - 2,2,2, each rounding up: T 5, 3, 2, 1.
    expected = {
        "Conv3d_1a_7x7": (64, 3, 33, 25),
        "MaxPool3d_2a_3x3": (64, 3, 17, 13),
        "Conv3d_2b_1x1": (64, 3, 17, 13),
        "Conv3d_2c_3x3": (192, 3, 17, 13),
        "MaxPool3d_3a_3x3": (192, 3, 9, 7),
        "Mixed_3b": (256, 3, 9, 7),
        "Mixed_3c": (480, 3, 9, 7),
        "MaxPool3d_4a_3x3": (480, 2, 5, 4),
        "Mixed_4b": (512, 2, 5, 4),
        "Mixed_4c": (512, 2, 5, 4),
        "Mixed_4d": (512, 2, 5, 4),
        "Mixed_4e": (528, 2, 5, 4),
        "Mixed_4f": (832, 2, 5, 4),
        "MaxPool3d_5a_2x2": (832, 1, 3, 2),
        "Mixed_5b": (832, 1, 3, 2),
        "Mixed_5c": (1024, 1, 3, 2),
    }
    assert {name: tuple(value.shape[1:]) for name, value in features.items() if name != "logits"} == expected
    assert features["logits"].shape == (1, 400)


def dense_same(x, weight, stride):
    """TensorFlow's SAME by its definition: output i reads from i·s − before, and what lies outside counts as 0."""
    kernel, size = weight.shape[-1], x.shape[-1]
    out = -(-size // stride)
    before = max((out - 1) * stride + kernel - size, 0) // 2
    result = torch.zeros(out)
    for i in range(out):
        for k in range(kernel):
            position = i * stride - before + k
            if 0 <= position < size:
                result[i] += weight[k] * x[position]
    return result


@pytest.mark.parametrize("size", [7, 8, 9])
@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 2), (2, 2), (3, 1)])
def test_same_padding_is_tensorflows(size, kernel, stride):
    torch.manual_seed(0)
    x, weight = torch.randn(size), torch.randn(kernel)
    padded = pad_same(x[None, None], (kernel,), (stride,), value=0.0)
    torch.testing.assert_close(
        F.conv1d(padded, weight[None, None], stride=stride)[0, 0], dense_same(x, weight, stride)
    )


def test_convolution_pads_alike_at_stride_1_and_2_and_pooling_ignores_its_padding():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 6, 7, 8)
    for stride in (1, 2):
        conv = ConvReLU3d(1, 1, 3, stride)
        padded = pad_same(x, (3, 3, 3), (stride,) * 3, value=0.0)
        torch.testing.assert_close(conv(x), F.relu(F.conv3d(padded, conv.weight, conv.bias, stride)))
    pooled = MaxPool3dSame((3, 3, 3), (2, 2, 2))(-torch.ones(1, 1, 4, 5, 6))
    assert torch.equal(pooled, -torch.ones(1, 1, 2, 3, 3))


def test_batch_norms_of_a_file_act_after_their_convolution(tmp_path):
    """A file with the asset's keys; its first layer against torch's convolution and batch norm."""
    torch.manual_seed(0)
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in _build().state_dict().items() if key.endswith("weight")}
    state = {}
    for key, shape in shapes.items():
        unit = key.removesuffix(".weight")
        if unit == "logits":
            state["Logits.Conv3d_0c_1x1.Conv_0.weight"] = torch.zeros(shape)
            state["Logits.Conv3d_0c_1x1.Conv_0.bias"] = torch.arange(400.0)
            continue
        state[f"{unit}.Conv_0.weight"] = torch.randn(shape) * 0.01 if unit == "Conv3d_1a_7x7" else torch.zeros(shape)
        state[f"{unit}.BatchNorm_0.bias"] = torch.randn(shape[0])
        state[f"{unit}.BatchNorm_0.running_mean"] = torch.randn(shape[0])
        state[f"{unit}.BatchNorm_0.running_var"] = torch.rand(shape[0]) * 0.01
    safetensors.torch.save_file(state, tmp_path / "mine.safetensors")
    network = i3d(str(tmp_path / "mine.safetensors"))
    clips = torch.rand(1, 4, 3, 32, 32)
    features = network(clips, ["Conv3d_1a_7x7", "logits"])

    norm = nn.BatchNorm3d(64, eps=1e-3).eval()
    published = {key: state[f"Conv3d_1a_7x7.BatchNorm_0.{key}"] for key in ("bias", "running_mean", "running_var")}
    norm.load_state_dict(OrderedDict(published, weight=torch.ones(64)), strict=False)
    padded = F.pad(clips.transpose(1, 2) * 2 - 1, (2, 3, 2, 3, 2, 3))  # even sizes, kernel 7, stride 2
    expected = norm(F.conv3d(padded, state["Conv3d_1a_7x7.Conv_0.weight"], stride=2)).relu()
    torch.testing.assert_close(features["Conv3d_1a_7x7"], expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(features["logits"], torch.arange(400.0)[None])


def test_weights_that_are_not_i3ds_are_refused(tmp_path):
    safetensors.torch.save_file({"features.0.weight": torch.zeros(1)}, tmp_path / "vgg.safetensors")
    with pytest.raises(
        UserError, match=r"vgg.safetensors does not hold I3D's weights: Conv3d_1a_7x7.weight is missing"
    ):
        i3d(str(tmp_path / "vgg.safetensors"))


def test_it_runs_no_deeper_than_asked_and_only_its_input_gets_a_gradient():
    network, ran = i3d("random"), []
    hooks = [m.register_forward_hook(lambda *_: ran.append(1)) for m in network.modules() if isinstance(m, ConvReLU3d)]
    clips = torch.rand(1, 2, 3, 32, 32, requires_grad=True)
    try:
        network(clips, ["Conv3d_2c_3x3"])["Conv3d_2c_3x3"].mean().backward()
    finally:
        for hook in hooks:
            hook.remove()
    assert len(ran) == 3
    assert clips.grad.abs().sum() > 0
    assert all(not p.requires_grad and p.grad is None for p in network.parameters())


def test_small_clips_run_and_smaller_ones_are_refused():
    network = i3d("random")
    assert isinstance(network, I3D)
    assert [network.smallest_side(layer) for layer in ("Conv3d_1a_7x7", "Mixed_3c", "Mixed_4f", "logits")] == [
        2,
        8,
        16,
        32,
    ]
    with torch.no_grad():
        assert network(torch.rand(1, 1, 3, 32, 32), ["Mixed_5c"])["Mixed_5c"].shape == (1, 1024, 1, 1, 1)
    with pytest.raises(UserError, match=r"31x40 is too small for the i3d layers.*32 px"):
        network(torch.rand(1, 1, 3, 31, 40), ["Mixed_5c"])
    with pytest.raises(ValueError, match=r"clips must be float \(B, T, 3, H, W\)"):
        network(torch.rand(4, 3, 32, 32), ["Mixed_5c"])


def test_all_who_ask_share_one_instance_and_random_is_deterministic():
    assert i3d("random") is i3d(weights="random")
    fresh = _i3d.__wrapped__("random")
    for mine, other in zip(fresh.parameters(), i3d("random").parameters(), strict=True):
        assert torch.equal(mine, other)
