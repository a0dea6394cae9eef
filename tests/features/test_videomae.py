import sys

import pytest
import torch
from torch.nn import functional as F

from vsr.errors import UserError
from vsr.features import videomae


@pytest.fixture
def model(tmp_path):
    """A tiny VideoMAE of random weights, saved as transformers saves it: 4 frames of 16 px, grid 2 x 4 x 4."""
    transformers = pytest.importorskip("transformers", reason="VideoMAE needs the extra vsr[videomae]")
    sizes = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.VideoMAEConfig(image_size=16, patch_size=4, num_frames=4, tubelet_size=2, **sizes)
    torch.manual_seed(0)
    model = transformers.VideoMAEModel(config).eval()
    model.save_pretrained(tmp_path)
    return model


def test_without_transformers_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install vsr\[videomae\]"):
        videomae(str(tmp_path))


@torch.no_grad()
def test_blocks_are_the_models_hidden_states_on_the_grid_of_patches(model, tmp_path):
    clips = torch.rand(2, 4, 3, 16, 16)
    network = videomae(str(tmp_path))
    assert network is videomae(weights=str(tmp_path))
    assert network.layers == ("block1", "block2", "block3")
    features = network(clips, ["block1", "block3"])
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    hidden = model((clips - mean.view(3, 1, 1)) / std.view(3, 1, 1), output_hidden_states=True).hidden_states
    for name, expected in (("block1", hidden[1]), ("block3", hidden[3])):
        assert features[name].shape == (2, 24, 2, 4, 4)
        torch.testing.assert_close(features[name].flatten(2).transpose(1, 2), expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_clips_of_any_length_and_size_are_brought_to_the_models(model, tmp_path):
    network = videomae(str(tmp_path))
    clips = torch.rand(1, 7, 3, 40, 24)
    resized = F.interpolate(clips[0, [0, 2, 4, 6]], (16, 16), mode="bilinear", antialias=True)[None]
    torch.testing.assert_close(network(clips, ["block2"]), network(resized, ["block2"]))
    short = torch.rand(1, 2, 3, 16, 16)
    torch.testing.assert_close(network(short, ["block2"]), network(short[:, [0, 0, 1, 1]], ["block2"]))


def test_it_is_frozen_and_lets_gradient_through(model, tmp_path):
    network = videomae(str(tmp_path))
    clips = torch.rand(1, 4, 3, 16, 16, requires_grad=True)
    network(clips, ["block1"])["block1"].square().mean().backward()
    assert clips.grad.abs().sum() > 0
    assert all(not parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())


def test_a_folder_without_the_whole_model_is_refused(model, tmp_path):
    with pytest.raises(UserError, match=r"is no folder of a VideoMAEModel"):
        videomae(str(tmp_path / "absent"))
    del model.encoder.layer[2]  # the config still says three blocks
    model.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"does not hold a whole VideoMAEModel: encoder\.layer\.2"):
        videomae(str(tmp_path))
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be read as a VideoMAEModel"):
        videomae(str(tmp_path))
