"""Tensors from a file that anybody may have written: no code in it is run, and damage ends in one line."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from vsr.errors import UserError


def read_tensor_file(path: Path) -> dict[str, Any]:
    """What a .safetensors file, or any other that ``torch.save`` wrote, holds by name, on the CPU.

    Raises:
        UserError: there is no such file, it may not be read, is damaged, or holds other things than plain data.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        if path.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"{path}: not readable ({error.strerror or error})") from error
    except Exception as error:  # of ten types, as the damage falls: struct.error, IndexError, AssertionError ...
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if unsafe := re.search(r"GLOBAL (\S+) was not an allowed", str(error)):
            reason = f"{unsafe[1]}; the library that wrote it can save its state_dict alone"
        raise UserError(
            f"{path}: not a checkpoint that can be read safely; it is damaged, or holds more than tensors ({reason})"
        ) from error
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: holds no tensors by name (a {type(content).__name__})")
    return dict(content)
