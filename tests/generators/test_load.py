"""Weights from anywhere, and one clear line where they cannot be had."""

import pickle

import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import UserError
from vsr.generators import BasicVSR
from vsr.generators.load import initialise, load_generator, read_weights
from vsr.motion import SPyNet


def generator(channels=4, blocks=1):
    return BasicVSR(SPyNet("random"), channels=channels, blocks=blocks, head_channels=4)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_published_layouts_are_recognised_with_their_size(tmp_path, suffix):
    original = generator(channels=6, blocks=3)
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"params": original.state_dict()}, path)
    else:
        save_file(original.state_dict(), path)
    loaded, weights = load_generator(str(path))
    lr = torch.rand(1, 2, 3, 16, 16)
    assert torch.equal(loaded(lr), original.eval()(lr))
    assert weights.generator_steps is None and weights.config is None


def test_a_misspelt_asset_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"Did you mean 'basicvsr_vimeo90k_bi'\?"):
        read_weights("basicvsr_vimeo90k_bl")


def test_a_folder_without_a_checkpoint(tmp_path):
    with pytest.raises(UserError, match=r"no checkpoints/last\.ckpt in this folder"):
        read_weights(str(tmp_path))


def test_a_pickle_with_code_in_it_is_not_run(tmp_path):
    class Payload:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was executed",))

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"params": Payload()}))
    with pytest.raises(UserError, match="not a checkpoint that can be read safely"):
        read_weights(str(path))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.ckpt: not a checkpoint"):
        read_weights(str(path))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_file_is_named(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    state = generator().state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save({"params": state}, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=rf"half\{suffix}: .*it is damaged"):
        read_weights(str(path))


@pytest.mark.parametrize("bare", [[1, 2], torch.zeros(2)])
def test_a_file_without_names_is_named(tmp_path, bare):
    torch.save(bare, tmp_path / "bare.pth")
    with pytest.raises(UserError, match=r"bare\.pth: holds no tensors by name"):
        read_weights(str(tmp_path / "bare.pth"))


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"epoch": 3, "words": ["a"]}, path)
    with pytest.raises(UserError, match="holds no generator weights"):
        read_weights(str(path))


def test_weights_of_no_known_architecture(tmp_path):
    path = tmp_path / "classifier.pth"
    torch.save({"fc.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(UserError, match="weights of no architecture known here"):
        load_generator(str(path))


def test_nothing_is_loaded_where_not_all_fits():
    target, source = generator(channels=4), generator(channels=6)
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    from vsr.generators.load import Weights

    with pytest.raises(UserError, match="another architecture"):
        initialise(target, Weights("six", source.state_dict()))
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())
