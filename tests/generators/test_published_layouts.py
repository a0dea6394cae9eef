"""Weights that others published: their names, what can be told from their shapes, and what is refused."""

import collections
import re

import numpy as np
import pytest
import torch

from vsr.errors import UserError
from vsr.generators import BasicVSR, BasicVSRPlusPlus, FlowNet, Recurrent
from vsr.generators.load import initialise, load_generator, read_weights
from vsr.generators.published import with_own_names
from vsr.motion import SPyNet


def basicvsr(**options):
    torch.manual_seed(0)
    return BasicVSR(SPyNet("random"), **{"channels": 6, "blocks": 3, "head_channels": 5, **options})


def basicvsr_pp(**options):
    torch.manual_seed(0)
    small = {"channels": 6, "blocks": 3, "outer_blocks": 2, "head_channels": 5, "deform_groups": 4}
    return BasicVSRPlusPlus(SPyNet("random"), **{**small, **options})


def in_mmagic_layout(state):
    """The same tensors as mmagic names them: trunks are "resblocks", an upsampling holds its convolution, and SPyNet's
    convolutions are modules that hold one, numbered without the ReLUs."""
    renamed = {"step_counter": torch.zeros(1)}
    for name, tensor in state.items():
        parts = name.split(".")
        if parts[0] == "spynet" and len(parts) == 6:
            parts[4] = f"{int(parts[4]) // 2}.conv"
        parts[0] = parts[0].replace("_trunk", "_resblocks")
        if parts[0].startswith("upconv"):
            parts[0] = parts[0].replace("upconv", "upsample") + ".upsample_conv"
        renamed["generator." + ".".join(parts)] = tensor
    return renamed


def published_shapes():
    """BasicSR's names and shapes of the published BasicVSR++, by its definition: 64 channels, 7 blocks, x4."""
    shapes = {"spynet.mean": (1, 3, 1, 1), "spynet.std": (1, 3, 1, 1)}

    def convolution(name, inputs, outputs, kernel=3):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs, kernel, kernel), (outputs,)

    def trunk(name, inputs, blocks):
        convolution(f"{name}.main.0", inputs, 64)
        for block in range(blocks):
            convolution(f"{name}.main.2.{block}.conv1", 64, 64)
            convolution(f"{name}.main.2.{block}.conv2", 64, 64)

    for level in range(6):
        for index, (inputs, outputs) in enumerate(((8, 32), (32, 64), (64, 32), (32, 16), (16, 2))):
            convolution(f"spynet.basic_module.{level}.basic_module.{2 * index}", inputs, outputs, 7)
    trunk("feat_extract", 3, 5)
    for before, branch in enumerate(("backward_1", "forward_1", "backward_2", "forward_2")):
        convolution(f"deform_align.{branch}", 128, 64)
        convolution(f"deform_align.{branch}.conv_offset.0", 3 * 64 + 4, 64)
        convolution(f"deform_align.{branch}.conv_offset.2", 64, 64)
        convolution(f"deform_align.{branch}.conv_offset.4", 64, 64)
        convolution(f"deform_align.{branch}.conv_offset.6", 64, 16 * 9 * 3)
        trunk(f"backbone.{branch}", (2 + before) * 64, 7)
    trunk("reconstruction", 5 * 64, 5)
    convolution("upconv1", 64, 256)
    convolution("upconv2", 64, 256)
    convolution("conv_hr", 64, 64)
    convolution("conv_last", 64, 3)
    return shapes


def test_the_published_size_of_basicvsr_pp_has_basicsr_names_and_shapes():
    own = BasicVSRPlusPlus(SPyNet("random")).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in own.items()} == published_shapes()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("generator.spynet.basic_module.5.basic_module.4.conv.bias", "spynet.basic_module.5.basic_module.8.bias"),
        ("generator.spynet.basic_module.0.basic_module.1.conv.weight", "spynet.basic_module.0.basic_module.2.weight"),
        ("generator.spynet.mean", "spynet.mean"),
        ("generator.backward_resblocks.main.0.weight", "backward_trunk.main.0.weight"),
        ("generator.forward_resblocks.main.2.29.conv1.bias", "forward_trunk.main.2.29.conv1.bias"),
        ("generator.upsample2.upsample_conv.weight", "upconv2.weight"),
        ("generator.deform_align.forward_2.conv_offset.6.bias", "deform_align.forward_2.conv_offset.6.bias"),
        ("generator.backbone.backward_1.main.2.6.conv2.weight", "backbone.backward_1.main.2.6.conv2.weight"),
        ("generator.conv_last.bias", "conv_last.bias"),
        ("spynet.basic_module.3.basic_module.6.weight", "spynet.basic_module.3.basic_module.6.weight"),
    ],
)
def test_names_of_mmagic(theirs, ours):
    assert with_own_names({theirs: torch.zeros(1)}).keys() == {ours}


@pytest.mark.parametrize("build", [basicvsr, basicvsr_pp])
def test_an_mmagic_checkpoint_is_loaded_with_its_meta_data_beside_it(tmp_path, build):
    original = build().eval()
    meta = {
        "env_info": "two\nlines",
        "seed": 0,
        "hook_msgs": {},
        "CLASSES": None,
        "order": collections.OrderedDict(a=1),
    }
    layout = collections.OrderedDict(in_mmagic_layout(original.state_dict()))
    torch.save({"meta": meta, "state_dict": layout}, tmp_path / "published.pth")
    loaded, weights = load_generator(str(tmp_path / "published.pth"))
    lr = torch.rand(1, 3, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(loaded(lr), original(lr))
    assert weights.config is None
    started = build()
    started.conv_last.weight.data.zero_()
    initialise(started, weights)
    assert torch.equal(started.conv_last.weight, original.conv_last.weight)


def test_averaged_weights_are_preferred():
    plain = in_mmagic_layout({"conv_hr.bias": torch.zeros(1)})
    averaged = {name.replace("generator.", "generator_ema."): tensor + 1 for name, tensor in plain.items()}
    assert with_own_names(plain | averaged) == {"conv_hr.bias": torch.ones(1)}


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("build", [basicvsr, basicvsr_pp])
def test_size_and_scale_are_recovered_from_shapes(tmp_path, build, scale):
    original = build(scale=scale)
    torch.save({"params": original.state_dict()}, tmp_path / "weights.pth")
    loaded, _ = load_generator(str(tmp_path / "weights.pth"))
    assert type(loaded) is type(original)
    assert loaded.scale == scale
    lr = torch.rand(1, 2, 3, 16, 17)
    with torch.no_grad():
        assert torch.equal(loaded(lr), original.eval()(lr))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("enlargement", ["bilinear", "corner_bicubic"])
def test_tecogan_is_recognised_with_its_size(tmp_path, scale, enlargement):
    torch.manual_seed(0)
    original = Recurrent(FlowNet(3), scale=scale, channels=5, blocks=12, enlargement=enlargement).eval()
    torch.save(original.state_dict(), tmp_path / "tecogan.pth")  # as there, tensors and nothing around them
    loaded, _ = load_generator(str(tmp_path / "tecogan.pth"))
    lr = torch.rand(1, 3, 3, 16, 17)
    with torch.no_grad():
        assert torch.equal(loaded(lr), original(lr))


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("generator.edvr.conv_first.weight", "IconVSR"),
        ("generator.backward_fusion.weight", "IconVSR"),
        ("generator_ema.basicvsr.conv_hr.weight", "RealBasicVSR"),
        ("generator.feat_extract.0.weight", "BasicVSR++ for input at full resolution"),
    ],
)
def test_relatives_that_are_not_built_are_refused_by_name(tmp_path, name, architecture):
    torch.save({"state_dict": {**in_mmagic_layout(basicvsr().state_dict()), name: torch.zeros(1)}}, tmp_path / "x.pth")
    with pytest.raises(
        UserError, match=rf"x\.pth: weights of {re.escape(architecture)}, which is not built"
    ) as caught:
        read_weights(str(tmp_path / "x.pth"))
    assert "\n" not in str(caught.value)


def test_weights_of_another_size_are_refused_with_the_names_of_what_differs(tmp_path):
    torch.save({"state_dict": in_mmagic_layout(basicvsr_pp(blocks=2).state_dict())}, tmp_path / "two.pth")
    with pytest.raises(UserError, match=r"two\.pth: .* 16 tensors missing \(such as backbone\.backward_1\.main\.2\.2"):
        initialise(basicvsr_pp(blocks=3), read_weights(str(tmp_path / "two.pth")))


def test_a_checkpoint_with_objects_in_it_names_them(tmp_path):
    torch.save({"state_dict": {}, "message_hub": np.float64(1)}, tmp_path / "training.pth")
    with pytest.raises(
        UserError, match=r"\(numpy\S*scalar; the library that wrote it can save its state_dict alone\)"
    ):
        read_weights(str(tmp_path / "training.pth"))


@pytest.mark.pretrained
def test_published_weights_in_mmagic_layout_load_key_for_key():
    published = read_weights("basicvsr_reds4").state_dict
    converted = with_own_names(in_mmagic_layout(published))
    assert converted.keys() == published.keys()
    assert all(torch.equal(converted[name], tensor) for name, tensor in published.items())
