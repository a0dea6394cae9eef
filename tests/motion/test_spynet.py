import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from vsr.errors import UserError
from vsr.motion import SPyNet, warp


def texture(height: int, width: int) -> torch.Tensor:
    """A smooth random picture (1, 3, H, W) in [0, 1]."""
    noise = torch.rand(1, 3, height // 4 + 1, width // 4 + 1, generator=torch.Generator().manual_seed(0))
    return F.interpolate(noise, (height, width), mode="bicubic", align_corners=False).clamp(0, 1)


def random_spynet() -> SPyNet:
    torch.manual_seed(0)
    return SPyNet("random").eval()


@pytest.mark.parametrize("size", [(16, 16), (16, 63), (33, 40), (63, 31), (64, 96)])
def test_flow_has_the_size_of_its_frames(size):
    with torch.no_grad():
        flow = random_spynet()(torch.rand(2, 3, *size), torch.rand(2, 3, *size))
    assert flow.shape == (2, 2, *size)
    assert flow.isfinite().all()


def test_flow_is_zero_where_every_correction_is():
    spynet = random_spynet()
    for network in spynet.basic_module:
        torch.nn.init.zeros_(network.basic_module[-1].weight)
        torch.nn.init.zeros_(network.basic_module[-1].bias)
    assert spynet(texture(40, 40), texture(40, 40)).abs().max() == 0


def test_corrections_double_from_level_to_level_and_scale_with_the_resizing():
    """Every level answers (1, 1): 1 + 2 + ... + 32 = 63 px at a multiple of 32, and 63 * side / 64 after resizing."""
    spynet = random_spynet()
    for network in spynet.basic_module:
        torch.nn.init.zeros_(network.basic_module[-1].weight)
        torch.nn.init.ones_(network.basic_module[-1].bias)
    with torch.no_grad():
        flow = spynet(texture(40, 64), texture(40, 64))
    assert torch.allclose(flow[:, 0], torch.tensor(63.0), atol=1e-3)
    assert torch.allclose(flow[:, 1], torch.tensor(63.0 * 40 / 64), atol=1e-3)


def test_autocast_keeps_the_flow_in_float32():
    spynet = random_spynet()
    first, second = texture(64, 64), texture(64, 64).flip(-1)
    with torch.no_grad():
        full = spynet(first, second)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = spynet(first, second)
    assert mixed.dtype == torch.float32
    assert not torch.equal(mixed, mixed.bfloat16().float()), "the flow was rounded to bfloat16"
    assert torch.allclose(mixed, full, atol=0.05)


def test_no_weights_is_an_error_until_a_state_dict_is_loaded():
    spynet = SPyNet(None)
    frame = texture(32, 32)
    with pytest.raises(UserError, match="no weights"):
        spynet(frame, frame)
    spynet.load_state_dict(random_spynet().state_dict())
    assert torch.equal(spynet(frame, frame), random_spynet()(frame, frame))


@pytest.mark.parametrize("prefix", ["", "spynet."])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_from_a_file(tmp_path, prefix, suffix):
    source = random_spynet()
    state = {prefix + key: value for key, value in source.state_dict().items()}
    path = tmp_path / f"flow{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"params": state}, path)
    frame = texture(32, 32)
    assert torch.equal(SPyNet(str(path))(frame, frame.flip(-1)), source(frame, frame.flip(-1)))


def test_bad_weights_are_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.pth.*no such file"):
        SPyNet(str(tmp_path / "nowhere.pth"))
    torch.save({"params": {"conv.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="holds no SPyNet"):
        SPyNet(str(tmp_path / "other.pth"))
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(UserError, match=r"text\.pth: not a checkpoint"):
        SPyNet(str(tmp_path / "text.pth"))
    with pytest.raises(UserError, match="basicvsr_vimeo90k_bi"):
        SPyNet("basicvsr_vimeo90k_bee")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_weights_file_is_named(tmp_path, suffix):
    path = tmp_path / f"flow{suffix}"
    state = random_spynet().state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save({"params": state}, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=rf"flow\{suffix}: .*it is damaged"):
        SPyNet(str(path))


@pytest.mark.pretrained
@pytest.mark.parametrize(("dx", "dy"), [(2, 0), (-1, 3), (1.5, -2.5)])
def test_published_weights_find_a_known_shift(dx, dy):
    spynet = SPyNet("basicvsr_vimeo90k_bi").eval()
    supporting = texture(96, 128)
    true_flow = torch.tensor([dx, dy]).view(1, 2, 1, 1).expand(1, 2, 96, 128)
    reference = warp(supporting, true_flow, padding_mode="border")
    with torch.no_grad():
        flow = spynet(reference, supporting)
    inner = (..., slice(12, -12), slice(12, -12))
    assert (flow - true_flow)[inner].norm(dim=1).mean() < 0.3


@pytest.mark.pretrained
@pytest.mark.parametrize("size", [16, 24, 47, 63])
def test_published_weights_work_on_small_frames(size):
    """Half a pixel of error at most where published code cannot run at all."""
    spynet = SPyNet("basicvsr_vimeo90k_bi").eval()
    supporting = texture(size, size)
    reference = warp(supporting, torch.ones(1, 2, size, size), padding_mode="border")
    with torch.no_grad():
        error = (spynet(reference, supporting) - 1)[..., 4:-4, 4:-4].norm(dim=1).mean()
    assert error < 0.5
